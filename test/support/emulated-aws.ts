import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emulatedAccount } from '../../src/cli/emulated-account.ts';
import type { AwsAccount } from '../../src/service/aws/account.ts';
import { ecsService } from '../../src/service/aws/ecs.ts';
import { s3Service } from '../../src/service/aws/s3.ts';
import { startWherry } from './cli.ts';

export interface EmulatedAws extends AsyncDisposable {
  /** What a shell would set to talk to it. */
  readonly env: Record<string, string>;
  readonly account: AwsAccount;
}

/** `wherry emulate` as a process of its own, which outlives the runs, with a cluster and a bucket. */
export async function emulatedAws(options: {
  readonly image: string;
  readonly folder: string;
  readonly cluster: string;
  readonly bucket: string;
  /** Folders of other images. */
  readonly images?: Readonly<Record<string, string>>;
  /** More options of `wherry emulate`, and what its own programs are told. */
  readonly words?: readonly string[];
  readonly ownEnv?: Readonly<Record<string, string>>;
}): Promise<EmulatedAws> {
  const stateDir = await mkdtemp(join(tmpdir(), 'wherry-aws-'));
  const images = Object.entries({ ...options.images, [options.image]: options.folder });
  const mapped = images.flatMap(([image, folder]) => ['--image', `${image}=${folder}`]);
  const { child, ended } = startWherry(
    ['emulate', '--state-dir', stateDir, ...mapped, ...(options.words ?? [])],
    options.ownEnv,
  );
  const env = await new Promise<Record<string, string>>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: string) => {
      text += chunk;
    });
    child.stdout?.once('end', () =>
      resolve(Object.fromEntries([...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))),
    );
    void ended.then(({ stderr }) => reject(new Error(stderr)));
  });
  const of = (name: string) => env[`AWS_ENDPOINT_URL_${name}`] ?? '';
  const endpoints = { ecs: of('ECS'), logs: of('CLOUDWATCH_LOGS'), s3: of('S3') };
  const account = emulatedAccount(endpoints, env['AWS_REGION'] ?? '');
  const services = { ecs: ecsService(account), s3: s3Service(account) };
  await services.ecs.createCluster(options.cluster);
  await services.s3.createBucket(options.bucket);
  for (const service of Object.values(services)) service.close();
  return {
    env,
    account,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(stateDir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
