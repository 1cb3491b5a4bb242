import { z } from 'zod';
import { isAdjustable } from '../diagnostics/adjust.ts';
import { CODES, type DiagnosticCode } from '../diagnostics/codes.ts';
import { GROUPINGS } from '../model/plan.ts';
import { runConfigSchema } from './airflow-k8s-schema.ts';
import { parseMemoryMiB, parseVcpu } from './quantity.ts';

/** What a key is for, and a value it may have: the editor's help, and what `wherry init` writes. */
function about(description: string, example: unknown): { description: string; examples: [unknown] } {
  return { description, examples: [example] };
}

/** One value where a list belongs is taken as a list of one; the loader says so in a note. */
const list = z
  .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.string().min(1)))
  .meta({ also: { type: 'string' } });

/** Values of environment variables: YAML numbers and booleans are written as their text. */
const texts = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()]).transform((value) => String(value)),
);

export const vcpu = z.union([z.number(), z.string()]).transform((value, context) => {
  const parsed = parseVcpu(value);
  if (parsed === undefined)
    context.addIssue({ code: 'custom', message: `${shown(value)} is no number of vCPUs: write 0.5, 2 or "500m"` });
  return parsed ?? 0;
});

export const memory = z.union([z.number(), z.string()]).transform((value, context) => {
  const parsed = parseMemoryMiB(value);
  if (parsed === undefined)
    context.addIssue({
      code: 'custom',
      message: `${shown(value)} is no amount of memory: write 2048 (MiB), "2Gi" or "4 GB"`,
    });
  return parsed ?? 0;
});

/** Kubernetes takes the number as text as well. */
export const gpu = z.union([z.int().min(0), z.string().regex(/^\d+$/).transform(Number)], {
  error: (issue) => `${shown(issue.input)} is no number of GPUs`,
});

const URL_FORM = /^(s3|file):\/\/./;

const url = z
  .string()
  .regex(URL_FORM, { error: (issue) => `${shown(issue.input)} is no URL: write s3://bucket/prefix` });

const size = z.strictObject({
  vcpu: vcpu.optional().describe('How many vCPUs: 0.5, 2, "500m"'),
  memory: memory.optional().describe('How much memory: 2048 (MiB), "2Gi", "4 GB"'),
  gpu: gpu.optional().describe('How many GPUs; Fargate has none'),
});

/** Fargate: 20 GiB come with every task (ECS API reference, EphemeralStorage). */
const sayDiskSize = {
  error: (issue: { input?: unknown }) => `a task has 20 GiB, and more is 21 to 200, not ${shown(issue.input)}`,
};
const diskSize = z.int(sayDiskSize).min(21, sayDiskSize).max(200, sayDiskSize);

const assignPublicIp = z
  .preprocess((value) => (value === 'ENABLED' ? true : value === 'DISABLED' ? false : value), z.boolean())
  .meta({ also: { enum: ['ENABLED', 'DISABLED'] } });

const executionEngine = z.strictObject({
  type: z.enum(['local', 'aws-fargate', 'kubernetes']).default('local').describe('Where the tasks run'),
  cluster: z.string().min(1).optional().meta(about('Name or ARN of the ECS cluster', 'ml-pipelines')),
  task_definition: z
    .string()
    .min(1)
    .optional()
    .meta(about('A family, family:revision or ARN that is yours; without it Wherry owns one', 'my-pipelines')),
  subnets: list.default([]).meta(about('Subnet ids', ['subnet-0123456789abcdef0'])),
  security_groups: list.default([]).meta(about('Security group ids', ['sg-0123456789abcdef0'])),
  assign_public_ip: assignPublicIp
    .default(false)
    .meta(about('True where the subnets are public and have no NAT', false)),
  container_name: z.string().min(1).default('main').describe('The container that runs the pipeline'),
  log_stream_prefix: z.string().min(1).default('ecs').describe('Of the log streams of a definition that Wherry owns'),
  log_group: z
    .string()
    .min(1)
    .optional()
    .meta(about('Of a definition that Wherry owns; default: /ecs/wherry-<project>', '/ecs/my-pipelines')),
  region: z.string().min(1).optional().meta(about('Default: AWS_REGION, AWS_DEFAULT_REGION', 'eu-central-1')),
  spot: z.boolean().default(false).describe('Fargate Spot'),
  runtime_platform: z
    .strictObject({ cpu_architecture: z.enum(['X86_64', 'ARM64']).default('X86_64').describe("The image's") })
    .prefault({})
    .describe('What the image is made for'),
  platform_version: z.string().default('LATEST').describe("Fargate's"),
  ephemeral_storage: z
    .strictObject({ size_in_gib: diskSize.meta(about('21 to 200', 50)) })
    .optional()
    .describe('Disk of each task, where 20 GiB are not enough'),
  task_role_arn: z
    .string()
    .optional()
    .meta(about('Role of your code: S3 rights. Name or ARN', 'arn:aws:iam::123456789012:role/pipeline')),
  execution_role_arn: z
    .string()
    .optional()
    .meta(about('Role of ECS: pulls the image, writes logs, reads secrets. Name or ARN', 'ecsTaskExecutionRole')),
  secrets: z
    .record(z.string(), z.string())
    .default({})
    .meta(
      about('Environment variable: ARN of a Secrets Manager secret or SSM parameter', {
        DB_PASSWORD: 'arn:aws:ssm:eu-central-1:123456789012:parameter/db-password',
      }),
    ),
  env: texts.default({}).meta(about('Environment variables of every task', { LOG_LEVEL: 'INFO' })),
  tags: texts.default({}).meta(about('Tags of every task', { team: 'ml' })),
  propagate_tags: z.enum(['TASK_DEFINITION']).optional().describe('Tasks get the tags of their definition as well'),
  enable_execute_command: z.boolean().default(false).describe('Lets `aws ecs execute-command` into a running task'),
});

/** Whatever YAML can write: it is printed into the DAG as it is. */
const literals = z.record(z.string(), z.json());

/** What Python's `fromisoformat` takes, in every version of it. */
const PYTHON_DATE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?([+-]\d\d:\d\d)?)?$/;

const dagArguments = literals.superRefine(({ start_date: date }, context) => {
  if (date === undefined || (typeof date === 'string' && PYTHON_DATE.test(date) && !Number.isNaN(Date.parse(date))))
    return;
  context.addIssue({ code: 'custom', path: ['start_date'], message: `${shown(date)} is no date: write 2026-01-31` });
});

const airflow = z.strictObject({
  dag: dagArguments
    .default({})
    .meta(about('Arguments of the DAG: schedule, tags, max_active_tasks …', { schedule: '0 3 * * *' })),
  default_args: literals
    .default({})
    .meta(about("Arguments of every task's operator: retries, owner, deferrable …", { retries: 2 })),
  aws_conn_id: z.string().min(1).default('aws_default').describe("Airflow's connection to AWS"),
  pool: z.string().min(1).optional().meta(about("Airflow's pool for the tasks", 'fargate')),
  params: literals
    .default({})
    .meta(about('Parameters of the project that the DAG takes, with their defaults', { 'model.depth': 5 })),
  revision: z
    .enum(['at-run', 'pinned'])
    .default('at-run')
    .describe('The revision of the task definition: the newest when a DAG run starts, or the one it was compiled with'),
});

/** YAML 1.1 reads `off` as false. */
const weight = z
  .preprocess((value) => (value === false ? 'off' : value), z.enum(['off', 'note', 'warning', 'error']))
  .meta({ also: { const: false } });

const severity = z.record(z.string(), weight).superRefine((weights, context) => {
  for (const [code, wanted] of Object.entries(weights)) {
    const report = (message: string) => context.addIssue({ code: 'custom', path: [code], message });
    if (!Object.hasOwn(CODES, code)) report(`${shown(code)} is no code that a finding has: see docs/diagnostics.md`);
    else if (wanted !== 'error' && !isAdjustable(code as DiagnosticCode))
      report(`${shown(wanted)} is not possible: ${code} would break the run`);
  }
});

/** The keys of `conf/<env>/wherry.yml` that this version reads. Source of validation and types. */
export const configSchema = z.strictObject({
  execution_engine: executionEngine.prefault({}).describe('Where and how tasks run'),
  image: z
    .string()
    .min(1)
    .optional()
    .meta(
      about(
        'The image of a definition that Wherry owns. `-i` wins',
        '123456789012.dkr.ecr.eu-central-1.amazonaws.com/my-project:1.0',
      ),
    ),
  spill: z
    .preprocess((value) => (typeof value === 'string' ? { location: value } : value), z.strictObject({ location: url }))
    .meta({ also: { type: 'string', pattern: URL_FORM.source } })
    .optional()
    .meta(about('Where in-memory data that crosses containers is kept', 's3://my-bucket/spill')),
  step: z
    .enum(['wherry', 'kedro', 'kedro-command'])
    .optional()
    .describe("What runs the nodes: Wherry's step, the arguments of `kedro run`, or the whole command"),
  paths: z
    .record(z.string(), url)
    .default({})
    .meta(
      about('Local catalog paths, rewritten in the container: no catalog edit', { 'data/': 's3://my-bucket/data/' }),
    ),
  resources: z
    .record(z.string(), size)
    .default({})
    .meta(
      about('By task, node, namespace, tag or __default__; raised to a size that Fargate has', {
        __default__: { vcpu: 1, memory: '2Gi' },
      }),
    ),
  grouping: z.enum(GROUPINGS).default('memory').describe('Which nodes share a container'),
  emulate: z
    .strictObject({
      seed: z
        .record(url, z.string())
        .default({})
        .meta(about("Folders to put into the emulator's S3: URL: folder", { 's3://my-bucket/data/': 'data' })),
    })
    .prefault({})
    .describe('What `--emulate` begins with'),
  airflow: airflow.prefault({}).describe('The DAG that `wherry compile` writes'),
  severity: severity
    .default({})
    .meta(about('How much a finding weighs, by its code; an error stays one', { 'image/moving-tag': 'off' })),
  host: z.string().optional().describe("Airflow's address"),
  output: z.string().optional().describe('Where Airflow reads its DAGs'),
  run_config: runConfigSchema.prefault({}).describe("kedro-airflow-k8s's settings"),
});

export type ConfigValues = z.output<typeof configSchema>;

/** As they are written, before defaults are filled in. */
export type WrittenSettings = z.input<typeof configSchema>;

function shown(value: unknown): string {
  return `'${typeof value === 'string' ? value : JSON.stringify(value)}'`;
}
