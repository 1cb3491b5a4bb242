import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, startWherry, wherry } from './support/cli.ts';
import { countingAws, countingProject } from './support/counting-project.ts';

interface Policy {
  readonly Statement: readonly { readonly Action: string | readonly string[] }[];
}

/** The rights of a policy that the page gives. */
async function rightsOf(name: string): Promise<Set<string>> {
  const page = await readFile(join(root, 'docs', 'permissions.md'), 'utf8');
  const [, text = ''] = new RegExp(`\`\`\`json ${name}\n([^]*?)\`\`\``).exec(page) ?? [];
  return new Set((JSON.parse(text) as Policy).Statement.flatMap(({ Action }) => Action));
}

const SERVICES: Readonly<Record<string, string>> = {
  'Amazon ECS': 'ecs',
  'CloudWatch Logs': 'logs',
  'Amazon S3': 's3',
};
/** Operations that IAM knows by another name (Service Authorization Reference). */
const RIGHTS: Readonly<Record<string, string>> = {
  's3:DeleteObjects': 's3:DeleteObject',
  's3:HeadObject': 's3:GetObject',
  's3:ListObjectsV2': 's3:ListBucket',
};

/** What calls there were by what `-v` tells, as the rights that they need. */
function rightsUsed(told: string): string[] {
  const calls = [...told.matchAll(/^· (Amazon ECS|CloudWatch Logs|Amazon S3) (\w+)/gm)];
  return calls.map(([, service = '', operation]) => {
    const right = `${SERVICES[service]}:${operation}`;
    return RIGHTS[right] ?? right;
  });
}

test('permissions: the policy on the page allows every call that the commands make, and none that they do not', async () => {
  await using project = await countingProject({ spill: '{ location: "s3://wherry-counting/spill", keep: never }' });
  await using aws = await countingAws(project.folder);
  const words = ['-v', '-C', project.folder, '-e', 'fargate'];
  const told: string[] = [];
  const one = async (...command: string[]) => void told.push((await wherry([...command, ...words], aws.env)).stderr);

  await one('compile', '--publish', '-o', join(project.folder, 'dags'));
  const { child, ended } = startWherry(['run', ...words], aws.env);
  await project.untilBegun('middle');
  child.kill('SIGKILL');
  told.push((await ended).stderr);
  await one('cancel');
  await project.go();
  await one('resume');
  await one('logs');
  await one('runs', '--remote');
  await one('cleanup');

  const used = new Set(told.flatMap(rightsUsed));
  const allowed = await rightsOf('caller');
  assert.deepEqual(
    [...used].filter((right) => !allowed.has(right)),
    [],
    'used, and not allowed',
  );
  // Rights that no operation of their own asks for.
  const implied = new Set(['iam:PassRole', 'ecs:TagResource']);
  assert.deepEqual(
    [...allowed].filter((right) => !used.has(right) && !implied.has(right)),
    [],
    'allowed, and not used',
  );
});
