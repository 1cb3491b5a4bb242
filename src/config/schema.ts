import { z } from 'zod';
import { isAdjustable } from '../diagnostics/adjust.ts';
import { CODES, type DiagnosticCode } from '../diagnostics/codes.ts';
import { GROUPINGS } from '../model/plan.ts';
import { runConfigSchema } from './airflow-k8s-schema.ts';
import { parseMemoryMiB, parseVcpu } from './quantity.ts';

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

const URL_FORM = /^(s3|file):\/\/./;

const url = z
  .string()
  .regex(URL_FORM, { error: (issue) => `${shown(issue.input)} is no URL: write s3://bucket/prefix` });

const size = z.strictObject({
  vcpu: vcpu.optional().describe('How many vCPUs: 0.5, 2, "500m"'),
  memory: memory.optional().describe('How much memory: 2048 (MiB), "2Gi", "4 GB"'),
});

const assignPublicIp = z
  .preprocess((value) => (value === 'ENABLED' ? true : value === 'DISABLED' ? false : value), z.boolean())
  .meta({ also: { enum: ['ENABLED', 'DISABLED'] } });

const executionEngine = z.strictObject({
  type: z.enum(['local', 'aws-fargate', 'kubernetes']).default('local').describe('Where the tasks run'),
  cluster: z.string().min(1).optional().describe('Name or ARN of the ECS cluster'),
  task_definition: z
    .string()
    .min(1)
    .optional()
    .describe('A family, family:revision or ARN that is yours; without it Wherry owns one'),
  subnets: list.default([]).describe('Subnet ids'),
  security_groups: list.default([]).describe('Security group ids'),
  assign_public_ip: assignPublicIp.default(false).describe('True where the subnets are public and have no NAT'),
  container_name: z.string().min(1).default('main'),
  log_stream_prefix: z.string().min(1).default('ecs'),
  log_group: z.string().min(1).optional().describe('Default: /ecs/wherry-<project>'),
  region: z.string().min(1).optional(),
  spot: z.boolean().default(false).describe('Fargate Spot'),
  runtime_platform: z.strictObject({ cpu_architecture: z.enum(['X86_64', 'ARM64']).default('X86_64') }).prefault({}),
  platform_version: z.string().default('LATEST'),
  ephemeral_storage: z.strictObject({ size_in_gib: z.number().int().min(21).max(200) }).optional(),
  task_role_arn: z.string().optional().describe('Name or ARN'),
  execution_role_arn: z.string().optional().describe('Name or ARN'),
  secrets: z
    .record(z.string(), z.string())
    .default({})
    .describe('Environment variable: ARN of a Secrets Manager secret or SSM parameter'),
  env: texts.default({}).describe('Environment variables of every task'),
  tags: texts.default({}),
  propagate_tags: z.enum(['TASK_DEFINITION']).optional(),
  enable_execute_command: z.boolean().default(false),
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
  dag: dagArguments.default({}).describe('Arguments of the DAG: schedule, tags, max_active_tasks …'),
  default_args: literals.default({}).describe("Arguments of every task's operator: retries, owner, deferrable …"),
  aws_conn_id: z.string().min(1).default('aws_default').describe("Airflow's connection to AWS"),
  pool: z.string().min(1).optional().describe("Airflow's pool for the tasks"),
  params: literals.default({}).describe("The DAG's parameters with their defaults: `model.depth: 5`"),
  revision: z
    .enum(['at-run', 'pinned'])
    .default('at-run')
    .describe('Which revision of the task definition a DAG run uses: the newest, or the one it was compiled with'),
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
  execution_engine: executionEngine.prefault({}),
  image: z.string().min(1).optional(),
  spill: z
    .preprocess((value) => (typeof value === 'string' ? { location: value } : value), z.strictObject({ location: url }))
    .meta({ also: { type: 'string', pattern: URL_FORM.source } })
    .optional()
    .describe('Where in-memory data that crosses containers is kept: s3://bucket/prefix'),
  step: z
    .enum(['wherry', 'kedro', 'kedro-command'])
    .optional()
    .describe("What runs the nodes: Wherry's step, or Kedro's own `kedro run` by arguments or as the whole command"),
  paths: z.record(z.string(), url).default({}),
  resources: z.record(z.string(), size).default({}),
  grouping: z.enum(GROUPINGS).default('memory'),
  emulate: z
    .strictObject({
      seed: z.record(url, z.string()).default({}).describe("Folders to put into the emulator's S3: URL: folder"),
    })
    .prefault({}),
  airflow: airflow.prefault({}),
  severity: severity.default({}).describe('How much a finding weighs, by its code; an error stays one'),
  host: z.string().optional().describe("Airflow's address"),
  output: z.string().optional().describe('Where Airflow reads its DAGs'),
  run_config: runConfigSchema.prefault({}).describe("kedro-airflow-k8s's settings"),
});

export type ConfigValues = z.output<typeof configSchema>;

function shown(value: unknown): string {
  return `'${typeof value === 'string' ? value : JSON.stringify(value)}'`;
}
