import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ecsService } from '../src/service/aws/ecs.ts';
import { fakeSts } from './aws-cli/fake-sts.ts';
import { wherry } from './support/cli.ts';
import { countingAws, countingProject } from './support/counting-project.ts';

test('account: named before anything is changed, and refused where the settings or the run do not allow it', async () => {
  await using project = await countingProject();
  await using aws = await countingAws(project.folder);
  await using sts = await fakeSts();
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

  const wrong = await wherry(['run', ...words], {
    ...aws.env,
    AWS_ACCESS_KEY_ID: 'AKIAEXPIRED',
    AWS_ENDPOINT_URL_STS: sts.url,
  });
  assert.equal(wrong.status, 3);
  assert.match(wrong.stderr, /^wherry: AWS STS \(GetCallerIdentity\): no good: ExpiredToken\n.*aws sso login/m);
  assert.equal(wrong.stderr.match(/ExpiredToken/g)?.length, 1, 'said once');

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
