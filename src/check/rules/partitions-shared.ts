import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { plainPath } from '../plain-path.ts';
import type { Rule } from '../rule.ts';
import { type Written, writtenDatasets } from '../written-datasets.ts';

/** A folder of partitions into which two tasks write, each under a name of its own. */
export const partitionsShared: Rule = (context) => {
  const written = writtenDatasets(context);
  return written.flatMap((later, index) =>
    written.slice(0, index).flatMap((earlier) => {
      const [outer, inner] = isPartitioned(later) && isWithin(earlier, later) ? [later, earlier] : [earlier, later];
      if (earlier.task === later.task || !isPartitioned(outer) || !isWithin(inner, outer)) return [];
      return diagnostic('data/partitions-shared', {
        message: `'${outer.dataset.name}' and '${inner.dataset.name}' both write under '${outer.dataset.path}', in the tasks '${outer.task}' and '${inner.task}'`,
        why: 'who reads one of them waits for its writer only, and finds what the other has written so far; with `overwrite: true` it deletes what the other wrote',
        help: 'give each a folder of its own, or write all partitions in one node',
        span: context.locateDataset(outer.dataset, outer.dataset.pathKey),
        notes: [{ message: 'the other one', span: context.locateDataset(inner.dataset, inner.dataset.pathKey) }],
      });
    }),
  );
};

export function isPartitioned({ dataset }: Written): boolean {
  return /(^|\.)(Partitioned|Incremental)Data[Ss]et$/.test(dataset.type ?? '');
}

function isWithin(inner: Written, outer: Written): boolean {
  return `${folder(inner)}/`.startsWith(`${folder(outer)}/`);
}

function folder({ dataset }: Written): string {
  return plainPath(dataset.path ?? '').replace(/\/+$/, '');
}
