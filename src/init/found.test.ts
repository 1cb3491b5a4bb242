import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originOf } from './found.ts';

test('origin: host and repository of any form of URL, and nothing of its credentials', () => {
  for (const url of [
    'git@git.example.com:team/hire.git',
    'ssh://git@git.example.com:2222/team/hire',
    'https://me:hunter2@git.example.com/team/hire.git/',
    'https://git.example.com/hire',
  ])
    assert.deepEqual(originOf(url), { host: 'git.example.com', repository: 'hire' }, url);
  for (const url of ['', '../hire', '/srv/hire.git', 'hire']) assert.equal(originOf(url), undefined, url);
});
