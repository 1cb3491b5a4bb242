import { z } from 'zod';
import { about, list, memory, secrets, shown, textLike, texts, toggle, vcpu } from './forms.ts';

/** Amazon ECS API reference, CapacityProviderStrategyItem. Other providers than these two have no Fargate. */
const capacityProviders = z
  .array(
    z.strictObject({
      capacity_provider: z.enum(['FARGATE', 'FARGATE_SPOT']).describe('Which'),
      weight: z.number().int().min(0).max(1000).default(0).meta(about('Its share of the tasks', 1)),
      base: z
        .number()
        .int()
        .min(0)
        .max(100_000)
        .optional()
        .meta(about('How many tasks it gets before shares count', 1)),
    }),
  )
  .min(1)
  .superRefine((strategy, context) => {
    if (strategy.every(({ weight }) => weight === 0))
      context.addIssue({
        code: 'custom',
        message: 'ECS starts nothing where no provider has a weight: write weight: 1',
      });
    strategy.forEach(({ capacity_provider: name }, index) => {
      if (strategy.findIndex((other) => other.capacity_provider === name) < index)
        context.addIssue({ code: 'custom', path: [index], message: `${shown(name)} stands here twice` });
    });
    const based = strategy.flatMap(({ base }, index) => (base ? [index] : []));
    for (const index of based.slice(1))
      context.addIssue({ code: 'custom', path: [index, 'base'], message: 'ECS takes a base for one provider only' });
  });

/** Amazon ECS API reference, EFSVolumeConfiguration. What goes over the network is always encrypted. */
const fileSystem = z
  .strictObject({
    file_system_id: textLike(/^fs-[0-9a-f]{8,40}$/, 'file system: ids look like fs-0123456789abcdef0').meta(
      about('The file system', 'fs-0123456789abcdef0'),
    ),
    root_directory: textLike(/^\//, 'folder of a file system: it must begin with /')
      .optional()
      .meta(about('The folder of it; default: all', '/models')),
    access_point_id: textLike(/^fsap-[0-9a-f]{8,40}$/, 'access point: ids look like fsap-0123456789abcdef0')
      .optional()
      .meta(about('The way in, which has a user and a folder of its own', 'fsap-0123456789abcdef0')),
    iam: toggle('ENABLED', 'DISABLED').default(false).meta(about("Whether the task role's rights are asked", false)),
    read_only: z.boolean().default(false).meta(about('Whether nothing may be written', false)),
  })
  .superRefine(({ access_point_id: accessPoint, root_directory: folder = '/' }, context) => {
    if (accessPoint !== undefined && folder !== '/')
      context.addIssue({
        code: 'custom',
        path: ['root_directory'],
        message: `${shown(folder)} and an access point, which has a folder of its own: leave one out`,
      });
  });

const efs = z.record(
  textLike(/^\/./, 'path in a container: it must begin with /'),
  z
    .preprocess((value) => (typeof value === 'string' ? { file_system_id: value } : value), fileSystem)
    .meta({ also: { type: 'string', pattern: '^fs-[0-9a-f]{8,40}$' } }),
);

/** Amazon ECS API reference, HealthCheck: seconds. */
const healthCheck = z.strictObject({
  command: list.meta(about('CMD and its words, or CMD-SHELL and a line', ['CMD-SHELL', 'curl -f localhost:4317'])),
  interval: z.number().int().min(5).max(300).optional().meta(about('Seconds between two', 30)),
  timeout: z.number().int().min(2).max(60).optional().meta(about('Seconds that one may take', 5)),
  retries: z.number().int().min(1).max(10).optional().meta(about('How many must fail', 3)),
  start_period: z.number().int().min(0).max(300).optional().meta(about('Seconds before failures count', 10)),
});

const sidecar = z
  .strictObject({
    image: z.string().min(1).meta(about('Its image', 'public.ecr.aws/aws-observability/aws-otel-collector:v0.43.1')),
    command: list
      .optional()
      .meta(about('In place of the command of the image', ['--config=/etc/ecs/ecs-default.yaml'])),
    entry_point: list.optional().meta(about('In place of the entry point of the image', ['/collector'])),
    env: texts.default({}).meta(about('Its environment variables', { LOG_LEVEL: 'info' })),
    secrets: secrets.default({}).meta(
      about('Environment variable: ARN of a Secrets Manager secret or SSM parameter', {
        API_KEY: 'arn:aws:ssm:eu-central-1:123456789012:parameter/api-key',
      }),
    ),
    vcpu: vcpu.optional().meta(about("What it is promised of the task's vCPUs", 0.1)),
    memory: memory.optional().meta(about("What it may take of the task's memory", '128Mi')),
    essential: z.boolean().default(false).describe('Whether the task ends with it'),
    condition: z
      .enum(['START', 'HEALTHY', 'COMPLETE', 'SUCCESS'])
      .optional()
      .describe("What the pipeline's container waits for; default: HEALTHY with a health_check, else START"),
    health_check: healthCheck.optional().describe('How ECS finds out whether it works'),
    user: z.string().min(1).optional().meta(about('Whom it runs as', '1000:1000')),
  })
  .superRefine(({ condition, essential, health_check: check }, context) => {
    const report = (message: string) => context.addIssue({ code: 'custom', path: ['condition'], message });
    if (condition === 'HEALTHY' && check === undefined) report("'HEALTHY' needs a health_check");
    if ((condition === 'COMPLETE' || condition === 'SUCCESS') && essential)
      report(`'${condition}' waits for its end, and the task ends with an essential container`);
  });

const sidecars = z.record(textLike(/^[A-Za-z0-9_-]{1,255}$/, 'name of a container: letters, digits, - and _'), sidecar);

/** Fargate: 20 GiB come with every task (ECS API reference, EphemeralStorage). */
const sayDiskSize = {
  error: (issue: { input?: unknown }) => `a task has 20 GiB, and more is 21 to 200, not ${shown(issue.input)}`,
};
const diskSize = z.int(sayDiskSize).min(21, sayDiskSize).max(200, sayDiskSize);

/** Where and how tasks run. Keys are the ECS API's and Terraform's words. */
export const executionEngineSchema = z.strictObject({
  type: z.enum(['local', 'aws-fargate', 'kubernetes']).default('local').describe('Where the tasks run'),
  cluster: z.string().min(1).optional().meta(about('Name or ARN of the ECS cluster', 'ml-pipelines')),
  task_definition: z
    .string()
    .min(1)
    .optional()
    .meta(about('A family, family:revision or ARN that is yours; without it Wherry owns one', 'my-pipelines')),
  subnets: list.default([]).meta(about('Subnet ids', ['subnet-0123456789abcdef0'])),
  security_groups: list.default([]).meta(about('Security group ids', ['sg-0123456789abcdef0'])),
  assign_public_ip: toggle('ENABLED', 'DISABLED')
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
  max_tasks: z
    .int()
    .min(1)
    .optional()
    .meta(about('How many tasks of a run may be under way at once; default: 80', 200)),
  capacity_provider_strategy: capacityProviders.optional().meta(
    about('How tasks are shared between Fargate and Fargate Spot, in place of spot', [
      { capacity_provider: 'FARGATE_SPOT', weight: 3 },
      { capacity_provider: 'FARGATE', weight: 1 },
    ]),
  ),
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
  secrets: secrets.default({}).meta(
    about('Environment variable: ARN of a Secrets Manager secret or SSM parameter', {
      DB_PASSWORD: 'arn:aws:ssm:eu-central-1:123456789012:parameter/db-password',
    }),
  ),
  env: texts.default({}).meta(about('Environment variables of every task', { LOG_LEVEL: 'INFO' })),
  tags: texts.default({}).meta(about('Tags of every task', { team: 'ml' })),
  propagate_tags: z.enum(['TASK_DEFINITION']).optional().describe('Tasks get the tags of their definition as well'),
  enable_execute_command: z.boolean().default(false).describe('Lets `aws ecs execute-command` into a running task'),
  efs: efs
    .default({})
    .meta(
      about('EFS file systems by the path at which every task has them', { '/mnt/models': 'fs-0123456789abcdef0' }),
    ),
  sidecars: sidecars.default({}).meta(
    about('Containers that run beside that of the pipeline in every task, by name', {
      collector: { image: 'public.ecr.aws/aws-observability/aws-otel-collector:v0.43.1', memory: '128Mi' },
    }),
  ),
});
