import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Dataset } from '../../model/project.ts';
import { plainPath } from '../plain-path.ts';
import type { CheckContext, Rule } from '../rule.ts';

/**
 * `cars@spark` and `cars@pandas` are one dataset to the pipeline, and two entries in the catalog: nothing but their paths
 * makes them the same bytes.
 */
export const transcodedApart: Rule = (context) =>
  [...context.project.transcoded.values()].flatMap((all) => {
    const used = all.filter(({ writtenAs }) => isUsed(writtenAs, context));
    const writer = used.find(({ writtenAs }) =>
      context.pipeline.nodes.some(({ outputs }) => outputs.includes(writtenAs)),
    );
    const first = writer ?? used.find(({ type }) => type !== undefined);
    if (first === undefined) return [];
    return used.flatMap((other) => {
      const what = other === first ? undefined : difference(first, other, context);
      if (what === undefined) return [];
      return diagnostic('data/transcoded-apart', {
        message: `'${first.writtenAs}' and '${other.writtenAs}' are one dataset, ${what}`,
        why: `who reads '${other.writtenAs}' does not get what is written as '${first.writtenAs}'`,
        help: 'give both an entry, with the same path and the same `versioned`',
        span: context.locateDataset(other, other.pathKey),
        notes: [{ message: `'${first.writtenAs}'`, span: context.locateDataset(first, first.pathKey) }],
      });
    });
  });

function isUsed(written: string, { pipeline }: CheckContext): boolean {
  return pipeline.nodes.some(({ inputs, outputs }) => inputs.includes(written) || outputs.includes(written));
}

function difference(one: Dataset, other: Dataset, context: CheckContext): string | undefined {
  const [inMemory, alsoInMemory] = [one.kind === 'memory', other.kind === 'memory'];
  if (inMemory && alsoInMemory)
    return isWithinOneTask(one, other, context) ? 'and Kedro keeps two in memory' : undefined;
  if (inMemory || alsoInMemory) return `and '${(inMemory ? one : other).writtenAs}' is in memory only`;
  if (one.path === undefined || other.path === undefined) return undefined;
  if (place(one.path) !== place(other.path)) return `and lie at '${one.path}' and at '${other.path}'`;
  return one.versioned === other.versioned
    ? undefined
    : `and only '${(one.versioned ? one : other).writtenAs}' is versioned`;
}

/** Between tasks Wherry keeps what is in memory, and hands it on under both names. */
function isWithinOneTask(one: Dataset, other: Dataset, { plan, pipeline }: CheckContext): boolean {
  const tasksOf = ({ writtenAs }: Dataset) => {
    const nodes = pipeline.nodes.filter(({ inputs, outputs }) => [...inputs, ...outputs].includes(writtenAs));
    return plan.tasks.filter((task) => nodes.some(({ name }) => task.nodes.includes(name)));
  };
  const others = tasksOf(other);
  return tasksOf(one).some((task) => others.includes(task));
}

/** Spark has schemes of its own for the same place. */
function place(path: string): string {
  return plainPath(path)
    .replace(/^s3[an]:/, 's3:')
    .replace(/^gcs:/, 'gs:')
    .replace(/^abfss:/, 'abfs:')
    .replace(/^(dbfs:)?\/dbfs\//, 'dbfs:/')
    .replace(/\/+$/, '');
}
