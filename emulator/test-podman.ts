import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './test-emulator.ts';

const call = promisify(execFile);

const missing = ['/usr/bin/podman', '/bin/busybox', '/usr/bin/python3'].filter((path) => !existsSync(path));

/** Why there are no tests with real containers here; false where there are. */
export const withoutPodman: string | false =
  missing.length > 0 && `there is no ${missing.join(' and no ')} on this machine`;

/** An image of busybox and this machine's Python, in a storage of its own. */
export interface PodmanImage {
  readonly name: string;
  /** Tells podman which storage. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

const NAME = 'localhost/wherry-test:1';

// What runc needs where cgroups are of the first version, and harmless elsewhere.
const CONTAINERS = `[containers]
default_ulimits = ["nofile=1024:1024","nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

const FILL = `set -e
mkdir -p root/bin root/tmp root/usr/bin
cp /bin/busybox root/bin/
for name in sh echo sleep tail kill test env cat head; do ln -s busybox root/bin/$name; done
python=$(readlink -f /usr/bin/python3)
library=/usr/lib/$(basename $python)
cp --parents $python root
ln -s $(basename $python) root/usr/bin/python3
cp -r --parents $library root
ldd $python $library/lib-dynload/*.so | grep -o '\\(=> \\)\\?/lib[^ ]*\\.so[^ :]*' | sed 's/^=> //' | sort -u | xargs -I{} cp -L --parents {} root
tar -C root -c . | podman import --quiet - ${NAME}
`;

export async function podmanImage(): Promise<PodmanImage> {
  const folder = temporaryFolder({ 'containers.conf': CONTAINERS });
  const storage = `[storage]\ndriver = "overlay"\ngraphroot = "${folder.path}/graph"\nrunroot = "${folder.path}/run"\n`;
  writeFileSync(join(folder.path, 'storage.conf'), storage);
  const env = {
    CONTAINERS_CONF: join(folder.path, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(folder.path, 'storage.conf'),
  };
  const options = { cwd: folder.path, env: { ...process.env, ...env } };
  await call('sh', ['-c', FILL], options);
  return {
    name: NAME,
    env,
    async remove() {
      await call('podman', ['system', 'reset', '--force'], options);
      folder.remove();
    },
  };
}
