import { z } from 'zod';
import { duration, gpu, memory, vcpu } from '../../config/forms.ts';

const names = z.array(z.string().min(1));

/** A list of words, or a text for a shell. */
const command = z
  .union([z.string().min(1), z.array(z.union([z.string(), z.number()])).min(1)], {
    error: 'expected a text for `sh -c` or a list of words',
  })
  .transform((value) => (typeof value === 'string' ? ['sh', '-c', value] : value.map(String)));

const texts = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: (issue) => `'${issue.input}' is no name of a variable` }),
  z.union([z.string(), z.number(), z.boolean()]).transform(String),
);

export const nodeSchema = z.strictObject({
  name: z.string().min(1),
  command,
  inputs: names.default([]),
  outputs: names.default([]),
  after: names.default([]),
  duration: duration.optional(),
  vcpu: vcpu.optional(),
  memory: memory.optional(),
  gpu: gpu.optional(),
  image: z.string().min(1).optional(),
  env: texts.default({}),
  tags: names.default([]),
  parallel: z.boolean().default(true),
});

/** What the step can bring and take away: one file, on S3 or on disk. */
const path = z.string().regex(/^(?!\w+:\/\/).*[^/]$|^(s3|file):\/\/[^/]*\/.*[^/]$/s, {
  error: (issue) => `'${issue.input}' is no file: write data/x.csv or s3://bucket/x.csv`,
});

const dataset = z.strictObject({ path });

/** The keys of `pipeline.yml`. */
export const pipelineSchema = z.strictObject({
  name: z.string().min(1),
  nodes: z.array(nodeSchema).min(1),
  datasets: z.record(z.string(), dataset).default({}),
});

export type PipelineFile = z.output<typeof pipelineSchema>;
export type NodeEntry = PipelineFile['nodes'][number];
