import { z } from 'zod';
import { isAdjustable } from '../diagnostics/adjust.ts';
import { CODES, type DiagnosticCode } from '../diagnostics/codes.ts';
import { GROUPINGS } from '../model/plan.ts';
import { runConfigSchema } from './airflow-k8s-schema.ts';
import { executionEngineSchema } from './execution-engine-schema.ts';
import { about, duration, gpu, list, memory, shown, textLike, toggle, URL_FORM, url, vcpu } from './forms.ts';

const size = z.strictObject({
  vcpu: vcpu.optional().meta(about('How many vCPUs: 0.5, 2, "500m"', 2)),
  memory: memory.optional().meta(about('How much memory: 2048 (MiB), "2Gi", "4 GB"', '8Gi')),
  gpu: gpu.optional().meta(about('How many GPUs; Fargate has none', 1)),
  timeout: duration.optional().meta(about('How long an attempt may take: 90 (seconds), "30m", "2h"', '2h')),
});

/** Whatever YAML can write: it is printed into the DAG as it is. */
const literals = z.record(z.string(), z.json());

/** What Python's `fromisoformat` takes, in every version of it. */
const PYTHON_DATE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?([+-]\d\d:\d\d)?)?$/;

const dagArguments = literals.superRefine(({ start_date: date }, context) => {
  if (date === undefined || (typeof date === 'string' && isDate(date))) return;
  context.addIssue({ code: 'custom', path: ['start_date'], message: `${shown(date)} is no date: write 2026-01-31` });
});

/** Airflow takes a timedelta: it is given as one. */
const taskArguments = literals.transform((all, context) => {
  const { execution_timeout: timeout } = all;
  if (timeout === undefined) return all;
  const seconds = duration.safeParse(timeout);
  if (seconds.success) return { ...all, execution_timeout: seconds.data };
  const message = seconds.error.issues[0]?.message ?? '';
  context.addIssue({ code: 'custom', path: ['execution_timeout'], message });
  return z.NEVER;
});

/** JavaScript takes the 31st of February for the 3rd of March, and Python does not take it. */
function isDate(text: string): boolean {
  const [year, month, day] = text.split(/\D/, 3).map(Number);
  const isDay = day !== undefined && day <= new Date(Date.UTC(year ?? 0, month ?? 0, 0)).getUTCDate();
  return PYTHON_DATE.test(text) && isDay && !Number.isNaN(Date.parse(text));
}

const airflow = z.strictObject({
  dag: dagArguments
    .default({})
    .meta(about('Arguments of the DAG: schedule, tags, max_active_tasks …', { schedule: '0 3 * * *' })),
  default_args: taskArguments
    .default({})
    .meta(about("Arguments of every task's operator: retries, owner, deferrable …", { retries: 2 })),
  timezone: z
    .string()
    .min(1)
    .optional()
    .meta(about('In which the schedule and the start date are read; default: UTC', 'Europe/Berlin')),
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

/** An account's number has twelve digits; YAML reads them as a number, and the zeros in front of one as nothing. */
const account = z
  .preprocess(
    (value) => (typeof value === 'number' ? String(value) : value),
    textLike(/^\d{12}$/, 'account: write its twelve digits in quotes'),
  )
  .meta({ also: { type: 'integer' } });

const accounts = z
  .preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(account))
  .meta({ also: { type: ['string', 'integer'] } });

/** Retries after the first attempt. */
const retries = z.strictObject({
  platform: retryCount(3, 'Where the platform failed: no capacity, a lost host, a call that was refused'),
  spot: retryCount(2, 'Where Spot took the capacity back; then the task goes on-demand'),
  user: retryCount(0, 'Where your code raised'),
  oom: z
    .enum(['fail', 'grow'])
    .default('fail')
    .describe('Where memory ran out; with grow it is tried again with the next larger size'),
});

function retryCount(count: number, description: string) {
  return z.number().int().min(0).max(100).default(count).describe(description);
}

const KEEP = /^(never|on-failure|always|[1-9]\d{0,3}d)$/;

const spill = z
  .preprocess(
    (value) => (typeof value === 'string' ? { location: value } : value),
    z.strictObject({
      location: url.meta(about('A URL', 's3://my-bucket/spill')),
      keep: textLike(KEEP, 'time to keep it: write never, on-failure, always, or days as 7d')
        .default('always')
        .meta(
          about(
            'How long after its run: never, on-failure (not when it has succeeded), always, or days as 7d',
            'on-failure',
          ),
        ),
    }),
  )
  .meta({ also: { type: 'string', pattern: URL_FORM.source } });

/** The keys of `conf/<env>/wherry.yml` that this version reads. Source of validation and types. */
export const configSchema = z.strictObject({
  execution_engine: executionEngineSchema.prefault({}).describe('Where and how tasks run'),
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
  spill: spill.optional().meta(about('Where in-memory data that crosses containers is kept', 's3://my-bucket/spill')),
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
  groups: z
    .record(z.string().min(1), list)
    .default({})
    .meta(
      about('Nodes that share a container whatever the grouping, by the name of their task', {
        train: ['split', 'fit'],
      }),
    ),
  estimates: z
    .record(z.string(), duration)
    .default({})
    .meta(about('How long nodes take, by task, node, namespace, tag or __default__', { train_model: '20m' })),
  timeout: duration
    .default(86_400)
    .meta(about('How long an attempt at a task may take: 90 (seconds), "30m", "24h"', '24h')),
  retries: retries.prefault({}).describe('How often a task is tried again'),
  allowed_account_ids: accounts
    .default([])
    .meta(about('Accounts that Wherry may work in; no others then', ['123456789012'])),
  image_check: toggle('on', 'off')
    .default(true)
    .meta(about('Whether an image that Wherry built must hold the code that was planned', true)),
  cache: z
    .strictObject({
      env: list
        .default([])
        .meta(about('Environment variables on which the project depends, beside those that are found', ['COUNTRY'])),
    })
    .prefault({})
    .describe('What the loaded project is kept by'),
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
