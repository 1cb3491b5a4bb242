import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { append } from '../../util/topological-order.ts';
import { plainPath } from '../plain-path.ts';
import type { Rule } from '../rule.ts';
import { type Written, writtenDatasets } from '../written-datasets.ts';
import { isPartitioned } from './partitions-shared.ts';

/** Two names for one place, both written: the plan sees no edge between them, and the later writer wins. */
export const onePathTwice: Rule = (context) => {
  const byPath = new Map<string, Written[]>();
  // A folder of partitions may have several writers: that is another rule's.
  for (const one of writtenDatasets(context).filter((written) => !isPartitioned(written)))
    append(byPath, plainPath(one.dataset.path ?? ''), one);
  return [...byPath].flatMap(([path, [first, ...others]]) =>
    others.map(({ dataset, node }) =>
      diagnostic('data/one-path-twice', {
        message: `'${dataset.name}' and '${first?.dataset.name}' are both written to '${path}'`,
        why: `one replaces what the other wrote: which one stays is chance, unless '${node.name}' and '${first?.node.name}' wait for each other`,
        help: 'give each a path of its own',
        span: context.locateDataset(dataset, dataset.pathKey),
        notes:
          first === undefined
            ? []
            : [{ message: 'the other one', span: context.locateDataset(first.dataset, first.dataset.pathKey) }],
      }),
    ),
  );
};
