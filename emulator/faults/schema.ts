import { z } from 'zod';
import { RATE_CLASSES } from './buckets.ts';
import { REFUSED_CREDENTIALS } from './refused-credentials.ts';
import { START_FAILURE_NAMES } from './start-failures.ts';

const count = z.int().min(1);
const texts = z.record(z.string(), z.coerce.string());

/** A map that says which keys there are where it is given another. */
function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, { error: (issue) => unknownKeys(issue, Object.keys(shape)) });
}

function unknownKeys(issue: { code?: string; keys?: unknown }, known: readonly string[]): string | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined;
  return `there is no ${(issue.keys as string[]).map((key) => `'${key}'`).join(', ')} here: known are ${known.join(', ')}`;
}

/** One, or a list of them. */
const some = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(item).min(1)).optional();

/** Which of those that match are hit: all, unless one of these says otherwise; where several do, all must hold. */
const chance = {
  percent: z.number().min(0).max(100).optional(),
  nth: some(count),
  times: count.optional(),
};

/** Which tasks. A `*` in a value stands for any text. */
const where = strict({
  family: z.string().optional(),
  startedBy: z.string().optional(),
  tag: texts.optional(),
  env: texts.optional(),
  launch: z.enum(['on-demand', 'spot']).optional(),
});

const seconds = z.number().min(0);

function requestFault<Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) {
  const which = { operation: some(z.string()), where: where.optional(), object: z.string().optional() };
  return strict({ fault: z.literal(name), ...which, ...chance, ...shape });
}

function taskFault<Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) {
  return strict({ fault: z.literal(name), where: where.optional(), ...chance, ...shape });
}

/** The error for a list whose items are told apart by their `fault`. */
const unknownFault = (of: string, known: readonly { shape: { fault: { value: string } } }[]) => ({
  error: ({ code, input }: { code?: string; input?: unknown }) =>
    code === 'invalid_union'
      ? `'${(input as { fault?: unknown }).fault}' is no fault of ${of}: there are ${known.map(({ shape }) => shape.fault.value).join(', ')}`
      : undefined,
});

const requestFaults = [
  requestFault('throttled', {}),
  requestFault('ec2-throttled', {}),
  requestFault('server-error', {}),
  requestFault('refused-credentials', { as: z.enum(REFUSED_CREDENTIALS).default('expired') }),
  requestFault('error', { type: z.string(), message: z.string(), status: z.int().min(400).max(599).default(400) }),
  requestFault('connection-reset', {}),
  requestFault('answer-lost', {}),
] as const;

const taskFaults = [
  taskFault('no-capacity', { as: z.enum(['failure', 'exception']).default('failure'), reason: z.string().optional() }),
  taskFault('vcpu-limit', { as: z.enum(['failure', 'exception']).default('exception') }),
  taskFault('unseen', { describes: z.int().min(0).default(0), seconds: seconds.default(0) }),
  taskFault('injected-container', { name: z.string().default('aws-guardduty-agent-fgsgW') }),
  taskFault('slow-network', { seconds }),
  taskFault('fails-to-start', { cause: z.enum(START_FAILURE_NAMES).optional(), reason: z.string().optional() }).refine(
    ({ cause, reason }) => (cause === undefined) !== (reason === undefined),
    'needs a cause or a reason, and not both',
  ),
  taskFault('spot-interruption', { after: seconds.default(0), stopCode: z.string().default('SpotInterruption') }),
  taskFault('retirement', { after: seconds.default(0) }),
  taskFault('host-lost', { after: seconds.default(0), reported: z.boolean().default(true) }),
  taskFault('late-logs', { seconds, from: z.enum(['line', 'end']).default('line') }),
] as const;

export const FAULT_NAMES = [...requestFaults, ...taskFaults].map(({ shape }) => shape.fault.value);

const rates = z.partialRecord(z.enum(RATE_CLASSES), strict({ burst: count, perSecond: z.number().min(0) }), {
  error: (issue) => unknownKeys(issue, RATE_CLASSES),
});

export const faultsSchema = strict({
  /** With the same seed the same ones are hit. */
  seed: z.int().default(1),
  /** `true`: the token buckets of ECS; a map: those, with these in their place. */
  rates: z.preprocess((value) => (value === true ? {} : value === false ? undefined : value), rates.optional()),
  /** vCPUs that may run at once. */
  quota: strict({ onDemand: z.number().min(0).optional(), spot: z.number().min(0).optional() }).default({}),
  requests: z.array(z.discriminatedUnion('fault', requestFaults, unknownFault('requests', requestFaults))).default([]),
  tasks: z.array(z.discriminatedUnion('fault', taskFaults, unknownFault('tasks', taskFaults))).default([]),
});

export type FaultsFile = z.output<typeof faultsSchema>;
export type RequestFault = FaultsFile['requests'][number];
export type TaskFault = FaultsFile['tasks'][number];
export type Where = z.output<typeof where>;
