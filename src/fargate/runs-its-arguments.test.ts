import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runsItsArguments } from './runs-its-arguments.ts';

test('an entry point is known to run its arguments: init programs, environments, and a shell that is told to', () => {
  const runs = [
    ['/usr/bin/tini', '--'],
    ['dumb-init'],
    ['/usr/bin/env'],
    ['conda', 'run', '--no-capture-output', '-n', 'ml'],
    ['uv', 'run'],
    ['sh', '-c', 'exec "$@"', '--'],
    ['/bin/bash', '-lc', 'source /opt/env.sh && exec "$@"', 'bash'],
  ];
  const others = [
    ['kedro', 'run'],
    ['python3'],
    ['/docker-entrypoint.sh'],
    ['uv', 'pip'],
    ['sh', '-c'],
    ['sh', '-c', 'kedro run'],
    // `python3` would be its $0.
    ['sh', '-c', 'exec "$@"'],
  ];
  for (const words of runs) assert.ok(runsItsArguments(words), words.join(' '));
  for (const words of others) assert.ok(!runsItsArguments(words), words.join(' '));
});
