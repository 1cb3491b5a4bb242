import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { temporaryFolder } from '../test-emulator.ts';
import { commandLineDriver } from './command-line.ts';
import { describeDriver } from './contract.ts';
import { processDriver } from './process.ts';

process.env.SECRET_OF_THE_CALLER = 'seen';
const call = promisify(execFile);
const folder = temporaryFolder({
  // What runc needs where cgroups are of the first version, and harmless elsewhere.
  'containers.conf': [
    '[containers]',
    'default_ulimits = ["nofile=1024:1024","nproc=1000:1000"]',
    '[engine]',
    'runtime = "runc"',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
  ].join('\n'),
});

describeDriver('process', async () => {
  const images = new Map([['folder', { dir: temporaryFolder().path }]]);
  return { driver: processDriver(images, join(folder.path, 'state')), image: 'folder' };
});

const missing = ['/usr/bin/podman', '/bin/busybox'].filter((path) => !existsSync(path));
const withoutPodman = missing.length > 0 && `there is no ${missing.join(' and no ')} on this machine`;
const withoutDocker =
  withoutPodman ||
  (!existsSync('/usr/local/bin/docker') && !existsSync('/usr/bin/docker') && 'there is no docker on this machine');
const IMAGE = 'localhost/wherry-test:1';
const socket = join(folder.path, 'engine.sock');
let service: ReturnType<typeof spawn> | undefined;
let image: Promise<void> | undefined;

describeDriver(
  'podman',
  async () => {
    image ??= makeImage();
    await image;
    return { driver: commandLineDriver('podman'), image: IMAGE };
  },
  withoutPodman,
);

// The docker client talks to podman's own service, which speaks the same protocol.
describeDriver(
  'docker',
  async () => {
    image ??= makeImage();
    await image;
    service ??= await startService();
    return { driver: commandLineDriver('docker'), image: IMAGE };
  },
  withoutDocker,
);

after(async () => {
  service?.kill();
  if (image !== undefined) await call('podman', ['system', 'reset', '--force']).catch(() => undefined);
  folder.remove();
});

/** An image of busybox alone, in a storage of its own. */
async function makeImage(): Promise<void> {
  process.env.CONTAINERS_CONF = join(folder.path, 'containers.conf');
  const root = join(folder.path, 'root');
  const script = [
    `mkdir -p ${root}/bin`,
    `cp /bin/busybox ${root}/bin/`,
    `for name in sh echo sleep tail kill test env; do ln -s busybox ${root}/bin/$name; done`,
    `tar -C ${root} -c . | podman import --quiet - ${IMAGE}`,
  ].join(' && ');
  await call('sh', ['-c', script]);
}

async function startService() {
  process.env.DOCKER_HOST = `unix://${socket}`;
  const child = spawn('podman', ['system', 'service', '--time=0', process.env.DOCKER_HOST], { stdio: 'ignore' });
  while (!existsSync(socket)) await sleep(20);
  return child;
}
