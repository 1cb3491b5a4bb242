import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { looksSecret } from '../../util/secret.ts';
import { type KeyPath, textsIn } from '../../util/yaml-document.ts';
import type { CheckContext, Rule } from '../rule.ts';

/** Whoever may describe a task can read its environment, and so can whoever reads the repository. Names only are printed. */
export const literalSecret: Rule = (context) => [...inSettings(context), ...inPrograms(context), ...inCatalog(context)];

/** What says where a secret is, and so has its name. */
const NAMES_OF_SECRETS = 'secrets';

function inSettings({ config, engine }: CheckContext): Diagnostic[] {
  return textsIn(config.values).flatMap(([path, value]) => {
    const name = String(path.at(-1));
    const span = config.locate(path, 'key') ?? config.locate(path);
    if (span === undefined || path.includes(NAMES_OF_SECRETS) || !looksSecret(name, value)) return [];
    const isMade = config.madeFrom.some((made) => made.span.start === config.locate(path)?.start);
    if (isMade && engine === 'local') return [];
    return diagnostic('config/literal-secret', {
      message: isMade
        ? `'${name}' looks like a secret, and would be handed on as plain text`
        : `'${name}' looks like a secret, and its value stands in the settings`,
      why: `${isMade ? '' : 'it is in your repository, and '}${readersOf(path)}`,
      help: help(name),
      span,
    });
  });
}

function readersOf([top]: KeyPath): string {
  return top === 'airflow'
    ? "everybody who sees Airflow's DAGs can read it"
    : 'everybody who may describe a task in the account can read it';
}

function inPrograms({ pipeline, locateNode }: CheckContext): Diagnostic[] {
  return pipeline.nodes.flatMap((node) =>
    Object.entries(node.program?.env ?? {}).flatMap(([name, value]) => {
      if (!looksSecret(name, value)) return [];
      return diagnostic('config/literal-secret', {
        message: `'${name}' in the env of node '${node.name}' looks like a secret, and its value stands in pipeline.yml`,
        why: 'it is in your repository, and in the plan that every task is given',
        help: help(name),
        span: locateNode(node),
      });
    }),
  );
}

function help(name: string): string {
  return `keep it in Secrets Manager or SSM, and name it:\n  execution_engine:\n    secrets: {${name}: arn:aws:secretsmanager:…}`;
}

function inCatalog({ secretsInCatalog }: CheckContext): Diagnostic[] {
  return secretsInCatalog().map(({ value: key, span }) =>
    diagnostic('data/literal-secret', {
      message: `'${key}' looks like a secret, and its value stands in the catalog`,
      why: 'it is in your repository and in the image, for everybody who can pull either',
      help: 'move it to credentials.yml, best as a variable that execution_engine.secrets fills on Fargate:\n  NAME:\n    password: ${oc.env:VARIABLE}\nand in the catalog:\n  credentials: NAME',
      span,
    }),
  );
}
