import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../test-emulator.ts';
import { type PodmanImage, podmanImage, withoutPodman } from '../test-podman.ts';
import { commandLineDriver } from './command-line.ts';
import { describeDriver } from './contract.ts';
import { processDriver } from './process.ts';

process.env.SECRET_OF_THE_CALLER = 'seen';
const folder = temporaryFolder();

describeDriver('process', async () => {
  const images = new Map([['folder', { dir: temporaryFolder().path }]]);
  return { driver: processDriver(images, join(folder.path, 'state')), image: 'folder' };
});

const hasDocker = ['/usr/local/bin/docker', '/usr/bin/docker'].some(existsSync);
let image: Promise<PodmanImage> | undefined;
let service: ChildProcess | undefined;

async function imageName(): Promise<string> {
  image ??= podmanImage();
  const { name, env } = await image;
  // The driver's programs get the environment of this process.
  Object.assign(process.env, env);
  return name;
}

describeDriver(
  'podman',
  async () => ({ driver: commandLineDriver('podman'), image: await imageName() }),
  withoutPodman,
);

// The docker client talks to podman's own service, which speaks the same protocol.
describeDriver(
  'docker',
  async () => {
    const name = await imageName();
    service ??= await startService();
    return { driver: commandLineDriver('docker'), image: name };
  },
  withoutPodman || (!hasDocker && 'there is no docker on this machine'),
);

after(async () => {
  service?.kill();
  await (await image)?.remove();
  folder.remove();
});

async function startService(): Promise<ChildProcess> {
  const socket = join(folder.path, 'engine.sock');
  process.env.DOCKER_HOST = `unix://${socket}`;
  const words = ['system', 'service', '--time=0', process.env.DOCKER_HOST];
  const child = spawn('podman', words, { stdio: 'ignore', cwd: folder.path });
  while (!existsSync(socket)) await sleep(20);
  return child;
}
