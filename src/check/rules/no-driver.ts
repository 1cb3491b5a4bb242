import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Dataset, FileSystem } from '../../model/project.ts';
import { append } from '../../util/topological-order.ts';
import { remapped } from '../remapped.ts';
import type { CheckContext, Rule } from '../rule.ts';
import { usedDatasets } from '../used-datasets.ts';

interface Lack {
  readonly dataset: Dataset;
  readonly protocol: string;
  readonly fileSystem: FileSystem;
}

/** fsspec speaks `s3://` by s3fs, which is a package of its own, and so are those of other protocols. One finding for each. */
export const noDriver: Rule = (context) => {
  const { engine, locateDataset } = context;
  const byPackage = new Map<string, Lack[]>();
  for (const lack of lacks(context)) append(byPackage, lack.fileSystem.package, lack);
  return [...byPackage.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { dataset, protocol, fileSystem } = first;
    const isLocal = engine === 'local';
    return diagnostic('data/no-driver', {
      severity: isLocal ? 'error' : 'warning',
      message: `'${dataset.name}'${others.length > 0 ? ` and ${others.length} more` : ''} at ${protocol}:// need${others.length > 0 ? '' : 's'} ${fileSystem.package}, which ${stateOf(fileSystem, isLocal)}`,
      why: `fsspec speaks ${protocol}:// by that package: ${isLocal ? 'the task' : 'a container'} without it fails when it opens the catalog`,
      help: `add ${fileSystem.package} to the requirements of the project${isLocal ? ', and install it' : ''}`,
      span: locateDataset(dataset, dataset.pathKey),
    });
  });
};

function lacks(context: CheckContext): Lack[] {
  const { project, plan, engine } = context;
  return usedDatasets(context).flatMap((dataset) => {
    const url =
      remapped(dataset.path ?? '', plan.paths)
        .split('::')
        .at(-1) ?? '';
    const protocol = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase() ?? '';
    const fileSystem = dataset.usesFsspec ? project.fileSystems.get(protocol) : undefined;
    return fileSystem === undefined || isThere(fileSystem, engine) ? [] : { dataset, protocol, fileSystem };
  });
}

/** An image is made from the requirements; the Python of this machine may have more than them, or less. */
function isThere({ installed, required }: FileSystem, engine: CheckContext['engine']): boolean {
  return engine === 'local' ? installed : (required ?? installed);
}

function stateOf({ installed, required }: FileSystem, isLocal: boolean): string {
  if (isLocal || required === null) return 'is not installed';
  return installed ? 'is installed here and not among the requirements' : 'is not among the requirements';
}
