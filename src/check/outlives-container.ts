import { plainPath } from './plain-path.ts';
import { remapped } from './remapped.ts';
import type { CheckContext } from './rule.ts';

/** Whether what is at a catalog's local path is elsewhere than on the container's disk: `paths` moves it, or it is on EFS. */
export function outlivesContainer(path: string, { plan, config, engine }: CheckContext): boolean {
  const place = remapped(path, plan.paths);
  if (/^\w+:\/\//.test(place) && !/^(file|local):/.test(place)) return true;
  const onDisk = plainPath(place);
  const mounts = engine === 'aws-fargate' ? Object.keys(config.values.execution_engine.efs) : [];
  return mounts.some((mount) => onDisk === mount || onDisk.startsWith(`${mount.replace(/\/+$/, '')}/`));
}
