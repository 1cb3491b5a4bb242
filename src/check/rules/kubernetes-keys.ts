import type { Config } from '../../config/config.ts';
import type { ConfigValues } from '../../config/schema.ts';
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts';
import type { KeyPath } from '../../util/yaml-document.ts';
import type { Rule } from '../rule.ts';

type RunConfig = ConfigValues['run_config'];

/** What to use instead of a key of kedro-airflow-k8s; `changes` where a run does not do what it did without it. */
interface Answer {
  readonly path: KeyPath;
  readonly changes: boolean;
  readonly why: string;
  readonly help?: string;
}

const ANSWERS: readonly Answer[] = [
  { path: ['host'], changes: false, why: "Wherry writes the DAG and does not talk to Airflow's server" },
  {
    path: ['output'],
    changes: false,
    why: 'compile writes into dags/ of the project, or where -o says',
    help: 'copy the file from there to where Airflow reads its DAGs',
  },
  { path: ['run_config', 'image_pull_policy'], changes: false, why: 'Fargate pulls the image for every task' },
  {
    path: ['run_config', 'image_pull_secrets'],
    changes: true,
    why: 'ECR needs none; another registry takes repositoryCredentials, which only a task definition holds',
    help: 'push the image to ECR, or name a task definition of yours in execution_engine.task_definition',
  },
  {
    path: ['run_config', 'startup_timeout'],
    changes: false,
    why: 'ECS gives up by itself on a task that cannot start, and says why',
  },
  {
    path: ['run_config', 'namespace'],
    changes: false,
    why: 'tasks run in execution_engine.cluster',
  },
  {
    path: ['run_config', 'service_account_name'],
    changes: true,
    why: 'on Fargate the rights of a container are those of its task role',
    help: 'name the role in execution_engine.task_role_arn',
  },
  {
    path: ['run_config', 'failure_handlers'],
    changes: true,
    why: 'nobody is told when a task fails',
    help: "let Airflow do it (airflow.default_args: email_on_failure), or an EventBridge rule on the cluster's stopped tasks",
  },
  {
    path: ['run_config', 'secrets'],
    changes: true,
    why: 'a secret of Kubernetes is not there for a container on Fargate',
    help: 'keep it in Secrets Manager or SSM, and write:\n  execution_engine:\n    secrets:\n      VARIABLE: ARN',
  },
  {
    path: ['run_config', 'macro_params'],
    changes: true,
    why: "Airflow's macros do not reach the parameters of the pipeline",
    help: 'put what a run needs into airflow.params, and give it when triggering',
  },
  {
    path: ['run_config', 'variables_params'],
    changes: true,
    why: "Airflow's variables do not reach the parameters of the pipeline",
    help: 'put what a run needs into airflow.params, and give it when triggering',
  },
  {
    path: ['run_config', 'env_vars'],
    changes: true,
    why: "Airflow's variables do not reach the environment of the containers",
    help: 'write the values in execution_engine.env, and secrets in execution_engine.secrets',
  },
  {
    path: ['run_config', 'external_dependencies'],
    changes: true,
    why: 'the DAG waits for no other',
    help: 'let a DAG of your own wait (ExternalTaskSensor) and then trigger this one',
  },
  {
    path: ['run_config', 'authentication'],
    changes: true,
    why: 'no MLflow run is started for the pipeline, so nothing is authenticated',
    help: 'give kedro-mlflow its variables in execution_engine.env and .secrets',
  },
  {
    path: ['run_config', 'kubernetes_pod_templates'],
    changes: true,
    why: 'a pod template describes pods',
    help: 'sizes go to resources, roles and network to execution_engine; or name a task definition of yours in execution_engine.task_definition',
  },
  {
    path: ['run_config', 'spark'],
    changes: true,
    why: 'no Spark cluster is started: nodes with Spark run it in their own container',
    help: 'give those nodes a size in resources',
  },
];

/** The keys in `run_config.resources.<name>` that place or mark a pod. */
const POD_KEYS = ['node_selectors', 'labels', 'annotations', 'tolerations'] as const;

/** Every key of an airflow-k8s file either means something on Fargate or is answered here. */
export const kubernetesKeys: Rule = ({ engine, config }) => (engine === 'aws-fargate' ? notCarriedOver(config) : []);

export function notCarriedOver(config: Config): Diagnostic[] {
  const { values } = config;
  const used = ANSWERS.filter(({ path }) => isUsed(valueAt(values, path)));
  return [...used.map((answer) => answered(answer, config)), ...podKeys(values.run_config, config)];
}

function answered({ path, changes, why, help }: Answer, config: Config) {
  return diagnostic(changes ? 'airflow-k8s/not-carried-over' : 'airflow-k8s/no-meaning', {
    message: `'${path.join('.')}' does nothing on Fargate`,
    why,
    help,
    span: config.locate(path, 'key'),
  });
}

function podKeys({ resources }: RunConfig, config: Config) {
  return Object.entries(resources ?? {}).flatMap(([name, resource]) =>
    POD_KEYS.filter((key) => isUsed(resource?.[key])).map((key) =>
      diagnostic('airflow-k8s/no-meaning', {
        message: `'run_config.resources.${name}.${key}' does nothing on Fargate`,
        why: 'there are no nodes to choose from and no pods to mark',
        help: key === 'labels' || key === 'annotations' ? 'tags of all tasks go to execution_engine.tags' : undefined,
        span: config.locate(['run_config', 'resources', name, key], 'key'),
      }),
    ),
  );
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined | null)?.[key], value);
}

/** The plugin's own sample file writes out what is nothing: an empty list, `type: Null`, `spark.type: none`. */
function isUsed(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value !== 'object') return true;
  const { type } = value as { type?: unknown };
  if (type === null || type === 'Null' || type === 'none') return false;
  return Object.keys(value).length > 0;
}
