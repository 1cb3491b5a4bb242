export type Severity = 'error' | 'warning' | 'note';

interface Code {
  readonly severity: Severity;
  readonly title: string;
}

/** Every finding that Wherry can make before anything runs. The key is the code; texts may change, codes do not. */
export const CODES = {
  'airflow-k8s/daily': { severity: 'note', title: 'An airflow-k8s file without a schedule runs @daily' },
  'airflow-k8s/hidden-key': { severity: 'note', title: "A key of base that the environment's file hides" },
  'airflow-k8s/no-meaning': { severity: 'note', title: 'A Kubernetes setting that has no meaning on Fargate' },
  'airflow-k8s/not-carried-over': {
    severity: 'warning',
    title: 'A setting of kedro-airflow-k8s that does nothing on Fargate',
  },
  'airflow-k8s/old-spelling': { severity: 'note', title: 'A setting in the spelling of an earlier release' },
  'airflow/ignored-key': { severity: 'note', title: "A key of kedro-airflow's airflow.yml that has no meaning here" },
  'airflow/no-logs': { severity: 'note', title: 'Airflow will not show the log lines of the tasks' },
  'airflow/not-sent': { severity: 'warning', title: 'A setting that Airflow cannot pass on to Fargate' },
  'config/belongs-to-definition': {
    severity: 'error',
    title: 'A setting that only a task definition can hold, beside one that is yours',
  },
  'config/invalid': { severity: 'error', title: 'A value in wherry.yml is not of the form that its key takes' },
  'config/kubernetes': { severity: 'error', title: 'The settings ask for an engine that this version does not have' },
  'config/literal-secret': { severity: 'warning', title: 'A secret stands in the settings' },
  'config/malformed-role': { severity: 'error', title: 'What should be a role is neither a name nor an ARN' },
  'config/placeholder': { severity: 'error', title: 'A value stands for one that only you know' },
  'config/scalar-for-list': { severity: 'note', title: 'One value stands where a list belongs' },
  'config/syntax': { severity: 'error', title: 'A settings file is not valid YAML' },
  'config/unknown-key': { severity: 'error', title: 'wherry.yml has a key that Wherry does not know' },
  'config/unresolved-variable': { severity: 'error', title: 'A variable that wherry.yml names is not set' },
  'config/value-missing': { severity: 'error', title: 'A setting that this engine needs is not given' },
  'config/volume-on-fargate': { severity: 'error', title: 'Fargate makes no volume for temporary data' },
  'data/confirms-elsewhere': { severity: 'warning', title: 'A dataset is confirmed in another task than reads it' },
  'data/literal-secret': { severity: 'warning', title: 'A secret stands in the catalog' },
  'data/local-path-on-fargate': { severity: 'error', title: 'A container would write to its own disk and lose it' },
  'data/memory-crosses-tasks': { severity: 'note', title: 'In-memory data is needed in another container' },
  'data/nobody-writes': { severity: 'error', title: 'A node reads what no node writes and no catalog entry gives' },
  'data/one-path-twice': { severity: 'warning', title: 'Two datasets are written to one path' },
  'data/output-thrown-away': { severity: 'note', title: 'A result is computed and kept nowhere' },
  'data/versions-apart': { severity: 'warning', title: 'Tasks that share no save version pass a versioned dataset' },
  'image/env-left-out': { severity: 'error', title: 'The folder of the environment will not be in the image' },
  'image/input-left-out': { severity: 'error', title: 'An input on disk will not be in the image' },
  'image/moving-tag': { severity: 'warning', title: 'The image may be another one at the next pull' },
  'network/malformed-id': { severity: 'error', title: 'An id has not the form of a subnet or security group' },
  'network/too-many': { severity: 'error', title: 'More subnets or security groups than a task takes' },
  'pipeline/circle': { severity: 'error', title: 'Nodes of pipeline.yml wait for each other' },
  'pipeline/invalid': { severity: 'error', title: 'A value in pipeline.yml is not of the form that its key takes' },
  'pipeline/name-taken': { severity: 'error', title: 'Two nodes of pipeline.yml have one name' },
  'pipeline/no-source': { severity: 'error', title: 'A dataset is read that no node writes and no path is given for' },
  'pipeline/syntax': { severity: 'error', title: 'pipeline.yml is not valid YAML' },
  'pipeline/two-writers': { severity: 'error', title: 'Two nodes of pipeline.yml write one dataset' },
  'pipeline/unknown-key': { severity: 'error', title: 'pipeline.yml has a key that Wherry does not know' },
  'pipeline/unknown-node': { severity: 'error', title: 'A node of pipeline.yml comes after one that is not there' },
  'pipeline/variable-clash': { severity: 'error', title: 'Two datasets of a node have the same variable' },
  'plan/cycle-repaired': { severity: 'warning', title: 'A group of nodes was split so that the tasks form no circle' },
  'project/config-broken': { severity: 'error', title: "The project's own configuration cannot be loaded" },
  'project/import-failed': { severity: 'error', title: 'The Kedro project cannot be imported' },
  'project/kedro-missing': { severity: 'error', title: 'The Python that was found has no Kedro' },
  'project/pipeline-dropped': { severity: 'error', title: 'Kedro left a pipeline out because it cannot be imported' },
  'project/old-tag': { severity: 'error', title: 'A tag in a form that Kedro no longer takes' },
  'project/python-missing': { severity: 'error', title: 'No Python was found to load the project with' },
  'size/not-on-fargate': { severity: 'error', title: 'Fargate has no task size this large' },
  'size/over-default-quota': { severity: 'note', title: 'Tasks that may run at once want more than the default quota' },
  'size/snapped': { severity: 'note', title: 'A size was raised to the next one that Fargate has' },
  'step/plain-kedro': { severity: 'note', title: "Tasks run Kedro's own `kedro run`" },
  'step/plain-kedro-cannot': { severity: 'error', title: 'Plain `kedro run` cannot do what the plan needs' },
} as const satisfies Record<string, Code>;

export type DiagnosticCode = keyof typeof CODES;
