import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronProblem } from './cron.ts';

test('cron: what Airflow takes has no problem', () => {
  const good = ['0 3 * * *', '*/15 22-4 * * mon-fri', '0 0 L * *', '0 0 * * 5#2', '0 0 * * L5', '30 5 1,15 jan-mar 1'];
  for (const text of [...good, '*/90 * * * *', '0 3 * * * 30', '@daily', '@once', ' 0  3 * * 7 '])
    assert.equal(cronProblem(text), undefined, text);
});

test('cron: what is wrong is told', () => {
  const cases: [text: string, problem: RegExp][] = [
    ['0 25 * * *', /hour/],
    ['0 3 * *', /it has 4 fields, and five are needed/],
    ['0 3 * * * * * *', /it has 8 fields/],
    ['every day', /it has 2 fields/],
    ['@nightly', /there is no '@nightly'/],
    ['0 3 * foo *', /./],
    ['0 0 31 2 *', /that time never comes/],
    ['0 3 * * * 61', /second/],
  ];
  for (const [text, problem] of cases) assert.match(cronProblem(text) ?? '', problem, text);
});
