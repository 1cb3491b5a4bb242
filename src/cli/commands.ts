import { GROUPINGS } from '../model/plan.ts';
import { TARGET_IDS } from '../model/target-id.ts';
import type { Command } from './command.ts';

const GROUPING = { flags: '--grouping <how>', about: 'which nodes share a container', choices: GROUPINGS };
const ENGINE = {
  flags: '--engine <engine>',
  about: "where tasks run (default: the settings' execution_engine.type)",
  choices: ['local', 'aws-fargate'],
};

/** Kedro's own flags, with its own meaning. */
const SLICE_FLAGS = [
  { flags: '-n, --nodes <names>', about: 'only these nodes (names with commas between, here and below)' },
  { flags: '--from-nodes <names>', about: 'these and what depends on them' },
  { flags: '--to-nodes <names>', about: 'these and what they depend on' },
  { flags: '--from-inputs <datasets>', about: 'what depends on these datasets' },
  { flags: '--to-outputs <datasets>', about: 'what these datasets depend on' },
  { flags: '-t, --tags <tags>', about: 'nodes with any of these tags' },
  { flags: '--namespaces <names>', about: 'nodes in any of these namespaces (-ns)' },
  { flags: '--load-versions <versions>', about: 'dataset:version pairs to load (-lv)' },
  { flags: '--params <params>', about: 'key=value pairs over the project’s parameters' },
] as const;

const TARGET = {
  flags: '--target <target>',
  about: 'what is to run the tasks on Fargate (default: airflow)',
  choices: TARGET_IDS,
};

const NO_CACHE = { flags: '--no-cache', about: 'load the project anew, and keep nothing of it for the next time' };

const SNAPSHOT = { flags: '--snapshot <file>', about: 'the project as `wherry snapshot` wrote it: no Python needed' };

const RUN_ELSEWHERE = {
  flags: '--spill <url>',
  about: "where runs of other machines are mirrored, if not at the settings' spill",
};

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'init',
    summary: 'write conf/base/wherry.yml (-e: of another environment), every key explained',
    args: ['[airflow-url]'],
    options: [
      { flags: '--bucket <url>', about: 'keep all local data there instead, with no catalog edit: s3://bucket/prefix' },
      { flags: '--write-catalog', about: 'by a catalog of the environment -e ENV rather than by `paths`' },
      { flags: '--cluster <name>', about: 'the ECS cluster' },
      { flags: '--subnets <ids>', about: 'with commas between' },
      { flags: '--security-groups <ids>', about: 'with commas between' },
      { flags: '--execution-role <role>', about: 'by which ECS pulls the image (default: ecsTaskExecutionRole)' },
      { flags: '--task-role <role>', about: 'of your code, with rights to the bucket' },
      { flags: '-i, --image <image>', about: 'image of the task definition that Wherry owns' },
      { flags: '--task-definition <family>', about: 'one of yours, in place of it' },
      { flags: '--from <file>', about: 'the settings of an airflow-k8s.yaml, and what of it has no place here' },
      GROUPING,
      { flags: '--force', about: 'write over the files that are there' },
      { flags: '-y, --yes', about: 'ask nothing: what no flag says stays YOUR-…. So it is where there is no terminal' },
    ],
    examples: [
      'wherry init --bucket s3://my-bucket/my-project',
      'wherry init -e fargate --bucket s3://my-bucket/my-project --write-catalog',
      'wherry init --from conf/base/airflow-k8s.yaml',
      'wherry init -e fargate --cluster ml --subnets subnet-0123456789abcdef0 --image my-project:1.0',
    ],
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'check',
    summary: 'report every problem before anything runs',
    options: [
      ...SLICE_FLAGS,
      GROUPING,
      ENGINE,
      { ...TARGET, about: 'also what this system cannot do' },
      SNAPSHOT,
      NO_CACHE,
      { flags: '--deny-warnings', about: 'exit 1 for a warning as well' },
      { flags: '--explain <code>', about: 'what a code means, with an example' },
    ],
    formats: ['pretty', 'json', 'sarif', 'github'],
    examples: [
      'wherry check -e fargate',
      'wherry check -e fargate --target airflow --deny-warnings --format github',
      'wherry check --explain data/local-path-on-fargate',
    ],
    load: async () => (await import('./check.ts')).check,
  },
  {
    name: 'plan',
    summary: 'show the tasks: nodes, sizes, what passes between them',
    options: [...SLICE_FLAGS, GROUPING, ENGINE, SNAPSHOT, NO_CACHE],
    formats: ['text', 'json', 'mermaid'],
    examples: [
      'wherry plan -e fargate --grouping namespace',
      'wherry plan -e fargate --format json > plan.json',
      'wherry plan --format mermaid',
    ],
    load: async () => (await import('./plan.ts')).plan,
  },
  {
    name: 'run',
    summary: 'run the plan',
    options: [
      ...SLICE_FLAGS,
      GROUPING,
      ENGINE,
      { flags: '-i, --image <image>', about: 'image of the task definition that Wherry owns' },
      { flags: '--emulate', about: 'on the embedded emulator of ECS, CloudWatch Logs and S3: no AWS account needed' },
      { flags: '--faults <file>', about: 'with --emulate, YAML: what shall go wrong (docs/emulator.md)' },
      NO_CACHE,
    ],
    formats: ['text', 'json'],
    examples: [
      'wherry run',
      'wherry run --from-nodes train_model',
      'wherry run -e fargate --engine aws-fargate --emulate',
      'wherry run -e fargate --emulate --faults faults.yml',
    ],
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'resume',
    summary: 'go on with a run whose process is gone, or that failed (default: the newest): what is done stays done',
    args: ['[run]'],
    options: [
      RUN_ELSEWHERE,
      { flags: '--rerun-unknown', about: 'also run again the tasks of which nobody can know how they ended' },
    ],
    formats: ['text', 'json'],
    examples: ['wherry resume', 'wherry resume 20261124T0251 --rerun-unknown'],
    load: async () => (await import('./resume.ts')).resume,
  },
  {
    name: 'cancel',
    summary: 'stop all that a run has started (default: the newest), whoever drives it, and look until it has stopped',
    args: ['[run]'],
    options: [RUN_ELSEWHERE],
    examples: ['wherry cancel', 'wherry cancel 20261124T0251'],
    load: async () => (await import('./cancel.ts')).cancel,
  },
  {
    name: 'cleanup',
    summary:
      'stop what still runs of runs that are over, and remove data that they are to keep no longer, after showing it',
    args: ['[run]'],
    options: [RUN_ELSEWHERE, { flags: '-y, --yes', about: 'do it, and ask nothing' }],
    formats: ['text', 'json'],
    examples: ['wherry cleanup -e fargate', 'wherry cleanup -e fargate --yes', 'wherry cleanup 20261124T0251'],
    load: async () => (await import('./cleanup.ts')).cleanup,
  },
  {
    name: 'compile',
    summary: 'write the files by which Airflow runs the plan on Fargate',
    options: [
      TARGET,
      ...SLICE_FLAGS,
      GROUPING,
      SNAPSHOT,
      NO_CACHE,
      { flags: '-i, --image <image>', about: 'image of the task definition that Wherry owns' },
      { flags: '-o, --output <folder>', about: "where the files go (default: the project's dags)" },
      { flags: '--check', about: 'write nothing; show the difference and exit 1 if the files there are not these' },
      {
        flags: '--publish',
        about: 'also put step and plan at the spill, and register a task definition that Wherry owns',
      },
    ],
    examples: ['wherry compile -e fargate', 'wherry compile -e fargate --check', 'wherry compile -e fargate --publish'],
    load: async () => (await import('./compile.ts')).compile,
  },
  {
    name: 'snapshot',
    summary: 'print all that Python is needed for: pipelines and catalog of a Kedro project, as JSON',
    options: [NO_CACHE],
    examples: ['wherry snapshot -e fargate > project.json', 'wherry snapshot --python .venv/bin/python > project.json'],
    load: async () => (await import('./snapshot.ts')).snapshot,
  },
  {
    name: 'runs',
    summary: 'list runs, newest first',
    options: [{ flags: '--remote', about: 'also the newest runs of other machines' }, RUN_ELSEWHERE],
    formats: ['text', 'json'],
    examples: ['wherry runs'],
    load: async () => (await import('./runs.ts')).runs,
  },
  {
    name: 'status',
    summary: 'show one run, task by task (default: the newest)',
    args: ['[run]'],
    options: [RUN_ELSEWHERE],
    formats: ['text', 'json'],
    examples: ['wherry status', 'wherry status 20261124T0251'],
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'logs',
    summary: 'print the logs of a run (default: the newest), or of one of its tasks',
    args: ['[run]', '[task]'],
    options: [RUN_ELSEWHERE, { flags: '-f, --follow', about: 'go on until the run has ended' }],
    examples: ['wherry logs', 'wherry logs 20261124T0251 train', 'wherry logs -f'],
    load: async () => (await import('./logs.ts')).logs,
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of the settings, for editors',
    examples: ['wherry schema > wherry.schema.json'],
    load: async () => (await import('./schema.ts')).schema,
  },
  {
    name: 'emulate',
    summary: 'serve ECS, CloudWatch Logs and S3 on this machine until Ctrl-C',
    options: [
      { flags: '--port <number>', about: 'loopback port (default: a free one)' },
      { flags: '--state-dir <folder>', about: "what outlives the process (default: the project's .wherry/emulator)" },
      {
        flags: '--driver <driver>',
        about: 'what runs containers: processes in a copy of a folder (default), or podman or docker with real images',
        choices: ['process', 'podman', 'docker'],
      },
      {
        flags: '--secrets <file>',
        about: "YAML with secrets by name or ARN (default: the state folder's secrets.yml)",
      },
      {
        flags: '--image <ref=folder>',
        about: 'what a container of an image runs in: REF=DIR[,python=PATH]',
        many: true,
      },
      {
        flags: '--log-rate <bytes>',
        about: "what a container's log driver delivers in a second (default: all, at once)",
      },
      {
        flags: '--time-scale <factor>',
        about: 'how long the states of a task last: 1 is as long as on AWS (default: 0.01)',
      },
      { flags: '--advance <seconds>', about: "put the emulator's clock forward (default: 0)" },
      { flags: '--faults <file>', about: 'YAML: what shall go wrong, Spot interruptions say (docs/emulator.md)' },
    ],
    examples: [
      'eval "$(wherry emulate --image my-image:1=. &)"',
      'wherry emulate --port 4566',
      'wherry emulate --driver podman',
      'wherry emulate --faults faults.yml',
    ],
    load: async () => (await import('./emulate.ts')).emulate,
  },
];
