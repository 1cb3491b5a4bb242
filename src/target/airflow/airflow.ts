import { usesSpot } from '../../fargate/capacity.ts';
import { neededDefinitions } from '../../fargate/needed-definitions.ts';
import { isPlainKedro, plainCommand } from '../../fargate/plain-kedro.ts';
import { cpuUnits, runTaskRequest } from '../../fargate/run-task-request.ts';
import { promisedToSidecars } from '../../fargate/sidecars.ts';
import { bootstrapCommand } from '../../fargate/step-command.ts';
import { attemptEnvironment, deliveryEnvironment } from '../../fargate/step-environment.ts';
import { ownedLogGroup } from '../../fargate/task-definition.ts';
import type { Plan, PlanTask } from '../../model/plan.ts';
import { hasMarker, markerLine } from '../marker.ts';
import type { Artifact, CompileRequest, Target } from '../target.ts';
import { dagId } from './dag-id.ts';
import { dagSource } from './dag-source.ts';
import { jinjaDeep, jinjaText } from './jinja.ts';
import type { Literal } from './python-literal.ts';

/** One DAG file a plan, for Airflow 2 and 3, and the plan beside it. */
export const airflow: Target = { id: 'airflow', outputFolder: 'dags', compile };

/** The exit status by which the step says that a node raised (bridge/PROTOCOL.md §2). */
const NODE_RAISED = 1;

/** Up to this many tasks may poll every 6 s before DescribeTasks (20 calls a second an account) is half used. */
const TASKS_THAT_MAY_POLL_OFTEN = 60;

/** What the first task of a DAG run returns, as Jinja finds it. */
const resolved = (key: string) => `{{ ti.xcom_pull(task_ids='resolve_revision', key='${key}') }}`;

function compile(request: CompileRequest): Artifact[] {
  const { plan, settings, sha256 } = request;
  const id = dagId(plan, settings.run_config, sha256);
  const [command, , bootstrap = ''] = bootstrapCommand(request.bootstrap);
  if (command !== 'python3' || jinjaText(bootstrap) !== bootstrap) throw new Error('the bootstrap is a Jinja template');
  const program = isPlainKedro(request.settings) ? '' : bootstrap;
  const source = dagSource(markerLine('#', plan.planHash), program, constants(request, id));
  const { planHash, ...rest } = plan;
  const manifest = JSON.stringify({ planHash, ...rest });
  if (!hasMarker(source) || !hasMarker(manifest)) throw new Error('an artifact would have no marker');
  return [
    { path: `${id}.py`, content: source },
    { path: `${id}.plan.json`, content: `${manifest}\n` },
  ];
}

function constants(request: CompileRequest, id: string): Record<string, Literal> {
  const { plan, settings, revisions, region, sha256 } = request;
  const { airflow: own, execution_engine: engine } = settings;
  const { execution_timeout: ownTimeout, ...defaultArgs } = own.default_args;
  const timeout = typeof ownTimeout === 'number' ? ownTimeout : settings.timeout;
  const definitions = neededDefinitions(plan, settings, sha256);
  const indexOf = new Map(definitions.map(({ image }, index) => [image, index]));
  const tasks = plan.tasks.map((task) => ({ task, request: symbolicRequest(task, request) }));
  const environments = tasks.map((entry) => environmentOf(entry.request));
  const common = commonEntries(environments);
  // What differs from task to task only by its size and its variables.
  const [{ request: any } = { request: undefined }] = tasks;
  if (any === undefined) throw new Error('the plan has no tasks');
  const { containerOverrides, cpu: _, memory: __, ...overrides } = any.overrides;
  return {
    DAG_ID: id,
    DEFINITIONS: definitions.map(({ family, image }) => ({
      name: revisions.get(family) ?? family,
      image: image ?? settings.image ?? null,
    })),
    CONTAINER: containerOverrides[0]?.name ?? engine.container_name,
    LIMITS_CONTAINERS: engine.task_definition !== undefined || promisedToSidecars(engine) !== undefined,
    NODE_RAISED,
    USER_RETRIES: settings.retries.user,
    TIMEOUT: timeout,
    AWS: { aws_conn_id: own.aws_conn_id, region_name: region ?? null },
    RUN_TASK: operatorArguments(any),
    LOGS: logArguments(request),
    OVERRIDES: overrides,
    ENVIRONMENT: common,
    TASKS: Object.fromEntries(
      tasks.map(({ task }, index) => [
        task.name,
        taskConstants(task, indexOf.get(task.image) ?? 0, {
          ...(isPlainKedro(settings) ? { command: jinjaDeep(plainCommand(task, plan, settings)) } : {}),
          environment: without(environments[index] ?? {}, common),
        }),
      ]),
    ),
    DEFAULT_ARGS: {
      retries: retriesOf(settings),
      waiter_delay: plan.tasks.length <= TASKS_THAT_MAY_POLL_OFTEN ? 6 : 30,
      ...(own.pool === undefined ? {} : { pool: own.pool }),
      ...(defaultArgs as Record<string, Literal>),
    },
    PARAMS: own.params as Record<string, Literal>,
    ...dagArguments(plan, own.dag as Record<string, Literal>, own.timezone),
  };
}

/** Airflow counts all retries together, and knows no way from Spot to on-demand. */
function retriesOf({ retries, execution_engine: engine }: CompileRequest['settings']): number {
  return Math.max(retries.user, retries.platform + (usesSpot(engine) ? retries.spot : 0));
}

/** The very request of `wherry run`, with what is known only when the DAG runs left to Airflow's templates. */
function symbolicRequest(task: PlanTask, request: CompileRequest) {
  const { settings, plan, spill, stepHash, deflate } = request;
  const attempt = attemptEnvironment({
    runId: resolved('run'),
    task: task.name,
    attempt: '{{ ti.try_number }}',
    saveVersion: resolved('version'),
  });
  const params = Object.keys(settings.airflow.params).length > 0 ? { WHERRY_PARAMS: resolved('params') } : {};
  const delivery = jinjaDeep(deliveryEnvironment(task, { settings, plan, spill, stepHash, deflate }));
  const named = Object.fromEntries(Object.entries(delivery).map(([name, value]) => [jinjaText(name), value]));
  return runTaskRequest({
    engine: jinjaDeep(settings.execution_engine),
    taskDefinitionArn: '',
    runId: resolved('run'),
    clientToken: '',
    command: [],
    environment: { ...named, ...attempt, ...params },
    launch: { spot: usesSpot(settings.execution_engine), vcpu: task.vcpu, memoryMiB: task.memoryMiB },
  });
}

type Request = ReturnType<typeof runTaskRequest>;

function environmentOf({ overrides }: Request): Record<string, string> {
  const [container] = overrides.containerOverrides;
  return Object.fromEntries((container?.environment ?? []).map(({ name, value }) => [name, value]));
}

/** RunTask's own words, in the operator's spelling. It sends neither a clientToken nor enableExecuteCommand. */
function operatorArguments(request: Request): Record<string, Literal> {
  return {
    cluster: request.cluster ?? null,
    ...('capacityProviderStrategy' in request
      ? { capacity_provider_strategy: request.capacityProviderStrategy as never }
      : { launch_type: request.launchType }),
    platform_version: request.platformVersion,
    network_configuration: request.networkConfiguration as never,
    tags: Object.fromEntries(request.tags.map(({ key, value }) => [key, value])),
    ...(request.propagateTags === undefined ? {} : { propagate_tags: request.propagateTags }),
  };
}

/** A family that is the user's says only at run time where its lines go. */
function logArguments({ plan, settings, region }: CompileRequest): Record<string, Literal> {
  const { execution_engine: engine } = settings;
  if (engine.task_definition !== undefined) return {};
  return {
    awslogs_group: jinjaText(ownedLogGroup(plan.project, engine)),
    awslogs_region: region ?? null,
    // Older providers know no container_name, and then expect it here.
    awslogs_stream_prefix: jinjaText(`${engine.log_stream_prefix}/${engine.container_name}`),
  };
}

function taskConstants(task: PlanTask, definition: number, container: { readonly [name: string]: Literal }): Literal {
  return {
    cpu: String(cpuUnits(task.vcpu)),
    memory: String(task.memoryMiB),
    definition,
    depends_on: task.dependsOn,
    ...(task.timeoutMs === undefined ? {} : { timeout: task.timeoutMs / 1000 }),
    ...container,
    doc: `Nodes: ${task.nodes.map((name) => JSON.stringify(name)).join(', ')}`,
  };
}

function dagArguments(plan: Plan, own: Record<string, Literal>, zone: string | undefined): Record<string, Literal> {
  const { schedule = null, start_date = '2024-01-01T00:00:00+00:00', ...others } = own;
  return {
    SCHEDULE: schedule,
    START_DATE: start_date,
    TIME_ZONE: zone ?? null,
    DAG_ARGS: { catchup: false, max_active_runs: 1, tags: ['wherry', plan.project], ...others },
  };
}

/** What all the records have alike, but the task's own name, which the DAG's program puts in. */
function commonEntries(records: readonly Record<string, string>[]): Record<string, string> {
  const [first = {}, ...others] = records;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((other) => other[name] === value)),
  );
}

function without(record: Record<string, string>, common: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !(name in common) && name !== 'WHERRY_TASK'));
}
