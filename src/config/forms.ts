import { z } from 'zod';
import { parseMemoryMiB, parseSeconds, parseVcpu } from './quantity.ts';

/** The forms that values of settings and of a pipeline.yml have. */

/** What a key is for, and a value it may have: the editor's help, and what `wherry init` writes. */
export function about(description: string, example: unknown): { description: string; examples: [unknown] } {
  return { description, examples: [example] };
}

/** One value where a list belongs is taken as a list of one; the loader says so in a note. */
export const list = z
  .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.string().min(1)))
  .meta({ also: { type: 'string' } });

/** Values of environment variables: YAML numbers and booleans are written as their text. */
export const texts = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()]).transform((value) => String(value)),
);

/** Environment variable: where the secret is. */
export const secrets = z.record(z.string(), z.string());

export const vcpu = quantity(parseVcpu, 'number of vCPUs: write 0.5, 2 or "500m"');

/** In MiB. */
export const memory = quantity(parseMemoryMiB, 'amount of memory: write 2048 (MiB), "2Gi" or "4 GB"');

/** Kubernetes takes the number as text as well. */
export const gpu = z.union([z.int().min(0), z.string().regex(/^\d+$/).transform(Number)], {
  error: (issue) => `${shown(issue.input)} is no number of GPUs`,
});

/** In seconds. */
export const duration = quantity(parseSeconds, 'duration: write 35 (seconds), "35s", "2m" or "1h"');

function quantity(parse: (value: string | number) => number | undefined, form: string) {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    const parsed = parse(value);
    if (parsed === undefined) context.addIssue({ code: 'custom', message: `${shown(value)} is no ${form}` });
    return parsed ?? 0;
  });
}

export const URL_FORM = /^(s3|file):\/\/./;

export const url = z
  .string()
  .regex(URL_FORM, { error: (issue) => `${shown(issue.input)} is no URL: write s3://bucket/prefix` });

/** A text of one form; `form` ends "'x' is no …". */
export function textLike(pattern: RegExp, form: string) {
  return z.string().regex(pattern, { error: (issue) => `${shown(issue.input)} is no ${form}` });
}

/** YAML 1.1 reads the words `on` and `off` as true and false; the API has words of its own for them. */
export function toggle(on: string, off: string) {
  return z
    .preprocess((value) => (value === on ? true : value === off ? false : value), z.boolean())
    .meta({ also: { enum: [on, off] } });
}

export function shown(value: unknown): string {
  return `'${typeof value === 'string' ? value : JSON.stringify(value)}'`;
}
