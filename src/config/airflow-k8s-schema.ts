import { z } from 'zod';

/**
 * What kedro-airflow-k8s reads beside what Wherry has itself. Source: the classes of its `config.py`, 0.8.2. The keys that
 * mean something here are moved to their place before anything is validated (`places.ts`); of the others, check says what
 * takes their place.
 */
const text = z.string().min(1).optional();
const texts = z.record(z.string(), z.json()).optional();
const amounts = z
  .strictObject({
    cpu: z.json().optional(),
    memory: z.json().optional(),
    'nvidia.com/gpu': z.json().optional(),
    'amd.com/gpu': z.json().optional(),
  })
  .nullish();

const resource = z
  .strictObject({
    requests: amounts,
    limits: amounts,
    node_selectors: z.json().optional(),
    labels: z.json().optional(),
    annotations: z.json().optional(),
    tolerations: z.json().optional(),
  })
  .nullable();

const volume = z.strictObject({
  disabled: z.boolean().default(false).describe('Fargate makes no volume for a run: true'),
  storageclass: z.json().optional(),
  size: z.json().optional(),
  access_modes: z.json().optional(),
  skip_init: z.json().optional(),
  owner: z.json().optional(),
});

const secret = z.strictObject({
  deploy_type: z.enum(['env', 'volume']).default('env'),
  deploy_target: z.string().nullish(),
  secret: z.string(),
  key: z.string().nullish(),
});

const dependency = z.strictObject({
  dag_id: z.string(),
  task_id: z.string().nullish(),
  check_existence: z.boolean().default(true),
  execution_delta: z.number().default(0),
  timeout: z.number().default(1440),
});

export const runConfigSchema = z.strictObject({
  run_name: z.string().min(1).optional().describe('Name of the DAG'),
  experiment_name: z.string().min(1).optional().describe('Name of the DAG, where run_name is not set'),
  volume: volume.nullish(),
  image: text.describe('As image at the top'),
  cron_expression: text.describe('As airflow.dag.schedule'),
  start_date: z.union([z.string(), z.number()]).optional().describe('As airflow.dag.start_date, written YYYYMMDD'),
  description: text.describe('As airflow.dag.description'),
  resources: z.record(z.string(), resource).nullish().describe('As resources at the top; limits count, else requests'),
  group_spark_nodes: z.boolean().optional().describe('As grouping: memory'),
  image_pull_policy: text,
  image_pull_secrets: z.json().optional(),
  startup_timeout: z.number().optional(),
  namespace: text,
  service_account_name: z.string().nullish(),
  failure_handlers: z.array(z.json()).nullish(),
  secrets: z.array(secret).nullish(),
  macro_params: z.array(z.string()).nullish(),
  variables_params: z.array(z.string()).nullish(),
  env_vars: z.array(z.string()).nullish(),
  external_dependencies: z.array(dependency).nullish(),
  authentication: z.strictObject({ type: z.string().nullish(), params: z.json().optional() }).nullish(),
  kubernetes_pod_templates: texts.nullable(),
  spark: texts.nullable(),
});
