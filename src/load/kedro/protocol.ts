import { z } from 'zod';

const problem = z.object({
  kind: z.string(),
  message: z.string(),
  exception: z.string().nullish(),
  module: z.string().nullish(),
  file: z.string().nullish(),
  line: z.number().int().nullish(),
  traceback: z.string().nullish(),
});

const node = z.object({
  function: z.string(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  inputs: z.array(z.string()),
  outputs: z.array(z.string()),
  tags: z.array(z.string()),
  namespace: z.string().nullable(),
  confirms: z.array(z.string()),
});

const dataset = z.object({
  type: z.string().nullable(),
  path: z.string().nullable(),
  pathKey: z.string().nullable(),
  table: z.string().nullable(),
  versioned: z.boolean(),
  credentials: z.string().nullable(),
  pattern: z.string().nullable(),
  classError: z.string().nullable().default(null),
  usesFsspec: z.boolean().default(false),
});

const fileSystem = z.object({ package: z.string(), installed: z.boolean(), required: z.boolean().nullable() });

/** What `bridge/describe.py` prints (bridge/PROTOCOL.md §1). What has a default is younger than the first snapshots. */
export const descriptionSchema = z.object({
  version: z.literal(1),
  kedroVersion: z.string().nullable(),
  pythonVersion: z.string(),
  packageName: z.string().nullable(),
  projectName: z.string().nullable(),
  env: z.string(),
  baseEnv: z.string(),
  confSource: z.string(),
  pipelines: z.record(z.string(), z.array(z.string())),
  nodes: z.record(z.string(), node),
  datasets: z.record(z.string(), dataset),
  parameters: z.array(z.string()),
  credentials: z.array(z.string()).nullable().default(null),
  fileSystems: z.record(z.string(), fileSystem).default({}),
  problems: z.array(problem),
});

/** What `--inputs` adds. */
export const inputsSchema = z.object({
  paths: z.record(z.string(), z.string()),
  variables: z.array(z.string()),
  executable: z.string(),
  isWhole: z.boolean(),
});

export type DescribedInputs = z.output<typeof inputsSchema>;
export type Description = z.output<typeof descriptionSchema>;
export type DescribedDataset = Description['datasets'][string];
export type BridgeProblem = Description['problems'][number];
