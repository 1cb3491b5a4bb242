import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ecsService } from '../src/service/aws/ecs.ts';
import { wherry } from './support/cli.ts';
import { countingAws, countingProject } from './support/counting-project.ts';

test('account: named before anything is changed, and refused where the settings or the run do not allow it', async () => {
  await using project = await countingProject();
  await using aws = await countingAws(project.folder);
  const words = ['-C', project.folder, '-e', 'fargate'];
  const settings = join(project.folder, 'conf', 'fargate', 'wherry.yml');
  const written = await readFile(settings, 'utf8');

  await appendFile(settings, 'allowed_account_ids: ["210987654321"]\n');
  const refused = await wherry(['run', ...words], aws.env);
  assert.equal(refused.status, 1, refused.stderr);
  assert.match(refused.stderr, /the credentials are of account 123456789012 .*allowed_account_ids has 210987654321/);
  assert.match(refused.stderr, /nothing was changed/);
  const published = await wherry(['compile', '--publish', ...words], aws.env);
  assert.equal(published.status, 1, published.stderr);
  const ecs = ecsService(aws.account);
  assert.deepEqual(await ecs.describeTaskDefinition('wherry-counting'), { ok: true, value: undefined });
  ecs.close();

  await writeFile(settings, written.replaceAll('s3://wherry-counting/', 's3://nobodys-bucket/'));
  const astray = await wherry(['run', ...words], aws.env);
  assert.equal(astray.status, 3, astray.stderr);
  assert.match(astray.stderr, /there is no bucket 'nobodys-bucket'\n.*'spill'/);

  await writeFile(settings, `${written}allowed_account_ids: ["123456789012"]\n`);
  await project.go();
  const ran = await wherry(['run', ...words], aws.env);
  assert.equal(ran.status, 0, ran.stderr);
  const [account = '', run = ''] = ran.stderr.split('\n');
  assert.match(
    account,
    /^account 123456789012 as arn:\S+, region eu-central-1, cluster counting: at least \$0\.00\d+ /,
  );
  assert.match(run, /^run /);
});

const REFUSED = {
  expired: 'The security token included in the request is expired',
  unknown: 'The security token included in the request is invalid.',
  'wrong-secret':
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key',
  missing: 'Request is missing Authentication Token',
};

test('account: credentials that AWS refuses are said once, with what to do, before a run and in it', async () => {
  await using project = await countingProject();
  await using aws = await countingAws(project.folder);
  const refuse = async (fault: object) => {
    const body = JSON.stringify({ requests: [{ fault: 'refused-credentials', ...fault }] });
    const { ok } = await fetch(`${aws.env['AWS_ENDPOINT_URL_ECS']}/_emulator/faults`, { method: 'PUT', body });
    assert.ok(ok);
  };
  const run = () => wherry(['run', '-C', project.folder, '-e', 'fargate'], aws.env);
  for (const [as, words] of Object.entries(REFUSED)) {
    // Of STS, which is asked first, and of ECS the names of one refusal are not the same.
    for (const [operation, call] of Object.entries({
      'sts:*': 'AWS STS (GetCallerIdentity)',
      'ecs:*': 'Amazon ECS (DescribeTaskDefinition)',
    })) {
      await refuse({ as, operation });
      const { status, stderr } = await run();
      assert.equal(status, 3, stderr);
      assert.ok(stderr.includes(`wherry: ${call}: ${words}`), stderr);
      assert.equal(stderr.split(words).length, 2, 'said once');
      assert.match(stderr, /\n {2}what to do: set AWS_PROFILE or --profile, or log in again \(aws sso login\)\n$/);
    }
  }
  await project.go();
  await refuse({ as: 'expired', operation: ['RunTask', 'DescribeTasks'], nth: [2, 3] });
  const { status, stderr } = await run();
  assert.equal(status, 0, stderr);
  assert.match(stderr, /Amazon ECS refuses the credentials: The security token included .* is expired\. Asking again/);
  assert.deepEqual(await project.counts(), { first: 1, middle: 1, last: 1 });
});
