import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockerIgnore } from './docker-ignore.ts';

test('.dockerignore: the last rule that matches a path or a folder above it decides, and rules begin at the root', () => {
  const rules = '# note\nsecret.txt\n/data\n!data/01_raw\n**/*.log\n*.tmp\nnested/\nconf/local\n!conf/local/.gitkeep\n';
  const { ignores, hasExceptions } = dockerIgnore(rules);
  assert.equal(hasExceptions, true);
  for (const path of ['secret.txt', 'data/x.csv', 'a.log', 'a/b.log', 'c.tmp', 'nested/x', 'conf/local/x.yml'])
    assert.ok(ignores(path), path);
  for (const path of ['', 'a/secret.txt', 'data/01_raw/x.csv', 'a/c.tmp', 'SECRET.TXT', 'conf/local/.gitkeep', 'src'])
    assert.ok(!ignores(path), path);
  assert.equal(dockerIgnore('data\n').hasExceptions, false);
});
