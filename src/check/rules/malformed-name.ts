import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import { cut } from '../../util/cut.ts';
import { placeholderIn } from '../../util/placeholder.ts';
import type { KeyPath } from '../../util/yaml-document.ts';
import type { CheckContext, Rule } from '../rule.ts';

interface Form {
  readonly pattern: RegExp;
  readonly takes: string;
}

const ecsName = (kind: string): string => `arn:aws[a-z-]*:ecs:[a-z0-9-]+:\\d{12}:${kind}/`;

/** Amazon ECS API reference (RunTask, ContainerDefinition), CloudWatch Logs API reference (CreateLogGroup, CreateLogStream). */
const CLUSTER: Form = {
  pattern: new RegExp(`^(${ecsName('cluster')})?[\\w-]{1,255}$`),
  takes: 'a name of up to 255 letters, digits, hyphens and underscores, or the ARN of a cluster',
};
const FAMILY: Form = {
  pattern: new RegExp(`^(${ecsName('task-definition')})?[\\w-]{1,255}(:\\d+)?$`),
  takes: 'a family of up to 255 letters, digits, hyphens and underscores, family:revision, or an ARN',
};
const CONTAINER: Form = {
  pattern: /^[\w-]{1,255}$/,
  takes: 'up to 255 letters, digits, hyphens and underscores',
};
const LOG_GROUP: Form = { pattern: /^[\w./#-]{1,512}$/, takes: "up to 512 letters, digits and any of '._/#-'" };
const REGION: Form = { pattern: /^[a-z]{2,}(-[a-z]+)+-\d$/, takes: 'the name of a region, such as eu-central-1' };
const SECRET: Form = {
  pattern:
    /^(arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+|ssm:[a-z0-9-]+:\d{12}:parameter\/\S+)|[\w./-]+)$/,
  takes: 'the ARN of a Secrets Manager secret or of an SSM parameter, or the name of a parameter of the same region',
};

/** A log stream is `<prefix>/<container>/<id of the task, 32 digits>`, of up to 512 characters. */
const LONGEST_STREAM = 512;
const TASK_ID = 32;

/** Names and ARNs in a form that no such thing in AWS has, or longer than it may be. */
export const malformedName: Rule = (context) => {
  if (context.engine !== 'aws-fargate') return [];
  const { execution_engine: engine } = context.config.values;
  const named: [string, string | undefined, Form][] = [
    ['cluster', engine.cluster, CLUSTER],
    ['task_definition', engine.task_definition, FAMILY],
    ['container_name', engine.container_name, CONTAINER],
    ['log_group', engine.log_group, LOG_GROUP],
    ['region', engine.region, REGION],
  ];
  return [
    ...named.flatMap(([key, value, form]) => finding(['execution_engine', key], value, form, context)),
    ...Object.entries(engine.secrets).flatMap(([name, value]) =>
      finding(['execution_engine', 'secrets', name], value, SECRET, context),
    ),
    ...Object.entries(engine.sidecars).flatMap(([sidecar, { secrets }]) =>
      Object.entries(secrets).flatMap(([name, value]) =>
        finding(['execution_engine', 'sidecars', sidecar, 'secrets', name], value, SECRET, context),
      ),
    ),
    ...logStream(context),
    ...ownFamily(context),
  ];
};

function finding(path: KeyPath, value: string | undefined, { pattern, takes }: Form, { config }: CheckContext) {
  if (value === undefined || pattern.test(value) || placeholderIn(value) !== undefined) return [];
  return [malformed(`'${path.join('.')}' is '${cut(value)}'`, takes, config.locate(path))];
}

function logStream({ config }: CheckContext): Diagnostic[] {
  const { log_stream_prefix: prefix, container_name: container } = config.values.execution_engine;
  const length = prefix.length + container.length + TASK_ID + 2;
  if (length <= LONGEST_STREAM && !/[:*]/.test(prefix)) return [];
  return [
    malformed(
      `the log streams of the tasks would be called '${cut(`${prefix}/${container}`)}/…', ${length} characters`,
      `a prefix with which they have up to ${LONGEST_STREAM} characters, and no ':' or '*'`,
      config.locate(['execution_engine', 'log_stream_prefix']),
    ),
  ];
}

/** The family that Wherry owns has the project's name in it. */
function ownFamily({ config, plan }: CheckContext): Diagnostic[] {
  const family = `wherry-${plan.project}-01234567`;
  if (config.values.execution_engine.task_definition !== undefined || CONTAINER.pattern.test(family)) return [];
  return [
    malformed(
      `the project's name makes a family of ${family.length} characters, '${cut(family)}'`,
      `a shorter name, or a family of yours in execution_engine.task_definition: ${CONTAINER.takes}`,
      undefined,
    ),
  ];
}

function malformed(what: string, takes: string, span: Diagnostic['span']): Diagnostic {
  return diagnostic('config/malformed-name', {
    message: `${what}, which AWS does not take`,
    why: 'no task would start',
    help: `write ${takes}`,
    span,
  });
}
