import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { KeyPath } from '../../util/yaml-document.ts';
import type { Rule } from '../rule.ts';

/** What RunTask cannot override. In a family that is the user's Wherry registers nothing, so these would do nothing. */
const ONLY_IN_A_DEFINITION: readonly KeyPath[] = [
  ['image'],
  ['execution_engine', 'efs'],
  ['execution_engine', 'log_group'],
  ['execution_engine', 'log_stream_prefix'],
  ['execution_engine', 'runtime_platform'],
  ['execution_engine', 'secrets'],
  ['execution_engine', 'sidecars'],
];

export const belongsToDefinition: Rule = ({ engine, config, pipeline, locateNode }) => {
  const { task_definition: users } = config.values.execution_engine;
  if (engine !== 'aws-fargate' || users === undefined) return [];
  const found = (what: string, span: Span | undefined) =>
    diagnostic('config/belongs-to-definition', {
      message: `${what} is set, and so is execution_engine.task_definition: '${users}'`,
      why: 'the family is yours and is used as it is: Wherry registers nothing into it, and ECS takes this from a definition only',
      help: `set it in '${users}', or leave task_definition out: Wherry then owns the definition`,
      span,
    });
  const inSettings = ONLY_IN_A_DEFINITION.flatMap((path) => {
    const span = config.locate(path, 'key');
    return span === undefined ? [] : found(`'${path.join('.')}'`, span);
  });
  const ofNodes = pipeline.nodes.filter(({ program }) => program?.image !== undefined);
  return [...inSettings, ...ofNodes.map((node) => found(`the image of node '${node.name}'`, locateNode(node)))];
};
