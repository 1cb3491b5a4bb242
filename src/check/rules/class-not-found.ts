import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Rule } from '../rule.ts';
import { usedDatasets } from '../used-datasets.ts';

/** A dataset whose class Kedro would not find. The catalog says it as text, so that nobody sees it before a task opens it. */
export const classNotFound: Rule = (context) =>
  usedDatasets(context).flatMap((dataset) => {
    if (dataset.classError === undefined) return [];
    const isLocal = context.engine === 'local';
    return diagnostic('data/class-not-found', {
      severity: isLocal ? 'error' : 'warning',
      message: `'${dataset.writtenAs}' has a class that is not there: ${dataset.classError}`,
      why: `the task would fail when it opens the catalog${isLocal ? '' : ', unless the image has what the Python that was found here has not'}`,
      help: 'mend the type, or install what it needs: kedro-datasets has an extra for each class, such as kedro-datasets[pandas-csvdataset]',
      span: context.locateDataset(dataset, 'type'),
    });
  });
