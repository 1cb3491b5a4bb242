import { NO_INPUTS } from '../../model/answer-cache.ts';
import type { LoadRequest, LoadResult } from '../loader.ts';
import { interpretDescription } from './load.ts';
import { type Description, descriptionSchema } from './protocol.ts';

/** A project from the text that `wherry snapshot` printed: no Python is started, and there is none to run a node with. */
export function loadSnapshot(
  text: string,
  { root, env, pipeline, files }: Pick<LoadRequest, 'root' | 'env' | 'pipeline' | 'files'>,
): LoadResult {
  const description = parse(text);
  if (typeof description === 'string') return usage(`it is no snapshot: ${description}`);
  if (env !== undefined && env !== description.env)
    return usage(`it is of the environment '${description.env}', and '${env}' is asked for`);
  if (pipeline !== undefined && !(pipeline in description.pipelines))
    return usage(`it has no pipeline '${pipeline}', but ${Object.keys(description.pipelines).join(', ')}`);
  return interpretDescription(description, { root, files, inputs: NO_INPUTS, python: '', tried: [] });
}

function parse(text: string): Description | string {
  try {
    const parsed = descriptionSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    return `${issue?.path.join('.') || 'the whole'}: ${issue?.message}`;
  } catch (error) {
    return (error as SyntaxError).message;
  }
}

function usage(complaint: string): LoadResult {
  return { kind: 'usage', message: `--snapshot: ${complaint}. Write one with: wherry snapshot > project.json` };
}
