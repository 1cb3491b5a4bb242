import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realHost } from '../src/cli/host.ts';
import { main } from '../src/cli/main.ts';
import { startWherry, wherry } from './support/cli.ts';
import { countingAws, countingProject } from './support/counting-project.ts';
import { otherMachine } from './support/other-machine.ts';

/** Runs a command as a process of a machine with another name would. */
async function onHost(name: string, words: readonly string[], env: Record<string, string>) {
  Object.assign(process.env, env);
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const real = realHost();
  const status = await main(words, {
    ...real,
    out: say,
    err: say,
    self: { ...real.self, host: name },
    isAlive: () => undefined,
  });
  return { status, said: said.join('') };
}

test('a mirrored run: seen, followed and refused on another machine while it lives, and taken up there when its process is gone', async () => {
  await using project = await countingProject();
  await using other = await otherMachine(project.folder);
  await using aws = await countingAws(project.folder);
  const here = ['-C', project.folder, '-e', 'fargate'];
  const there = ['-C', other.folder, '-e', 'fargate'];
  const { child, ended } = startWherry(['run', ...here], aws.env);
  await project.untilBegun('middle');

  const remote = await wherry(['runs', '--remote', ...there, '--format', 'json'], aws.env);
  const [run] = (JSON.parse(remote.stdout) as { runs: { runId: string; state: string; succeeded: number }[] }).runs;
  assert.deepEqual([run?.state, run?.succeeded], ['running', 1]);
  const id = run?.runId ?? '';
  const refused = await onHost('elsewhere', ['resume', id, ...there], aws.env);
  assert.equal(refused.status, 2, refused.said);
  assert.match(refused.said, new RegExp(`process ${child.pid} on \\S+ drives it`));
  assert.match((await wherry(['status', ...there], aws.env)).stderr, /no runs yet on this machine/);
  assert.match((await wherry(['status', id, ...there], aws.env)).stdout, /running, __default__ on aws-fargate/);
  assert.match((await wherry(['logs', id, ...there], aws.env)).stdout, /^middle \| waiting$/m);

  child.kill('SIGKILL');
  await ended;
  assert.match((await wherry(['status', id, ...there], aws.env)).stdout, /interrupted, __default__ on aws-fargate/);
  await project.go();
  const resumed = await wherry(['resume', id, ...there], aws.env);
  assert.equal(resumed.status, 0, resumed.stderr);
  assert.deepEqual(await project.counts(), { first: 1, middle: 1, last: 1 });

  // The machine that began it hears how it went.
  const status = await wherry(['status', ...here], aws.env);
  assert.match(status.stdout, /succeeded, __default__ on aws-fargate/, status.stderr);
  assert.match((await wherry(['logs', ...here], aws.env)).stdout, /^last \| 1$/m);
  const again = await wherry(['resume', ...here], aws.env);
  assert.match(again.stderr, /has succeeded: there is nothing to resume/);
  const unknown = await wherry(['status', '2020', ...there], aws.env);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /no run '2020' here, nor at s3:\/\/wherry-counting\/spill\. The newest: /);
});
