import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverSecrets, looksSecret } from './secret.ts';

test('secret: names and forms that only secrets have are seen, and what only stands for one is not', () => {
  const secrets: [name: string, value: string][] = [
    ['DB_PASSWORD', 'hunter2'],
    ['api_token', 'abc'],
    ['account_key', 'xyz=='],
    ['aws-secret-access-key', 'wJalr'],
    ['plain', 'AKIAIOSFODNN7EXAMPLE'],
    ['con', 'postgresql://shop:hunter2@db/shop'],
    ['key', '-----BEGIN RSA PRIVATE KEY-----\nMIIE'],
    ['blob', 'DefaultEndpointsProtocol=https;AccountKey=abc==;EndpointSuffix=x'],
  ];
  for (const [name, value] of secrets) assert.ok(looksSecret(name, value), `${name}: ${value}`);
  const others: [name: string, value: string][] = [
    ['DB_PASSWORD', ''],
    ['DB_PASSWORD', `\${oc.env:DB_PASSWORD}`],
    ['DB_PASSWORD', 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:db'],
    ['password', '{login}'],
    ['password', '***'],
    ['tokenizer', 'bert'],
    ['max_tokens', '512'],
    ['secret_name', 'prod/db'],
    ['token_url', 'https://login.example.com'],
    ['con', 'postgresql://db/shop'],
    ['path', 's3://bucket/key@2'],
  ];
  for (const [name, value] of others) assert.ok(!looksSecret(name, value), `${name}: ${value}`);
});

test('secret: a line is shown with its secrets covered and every column in its place', () => {
  const cases: [line: string, shown: string][] = [
    ['  env: {DB_PASSWORD: "hun 2", LEVEL: "3"}', '  env: {DB_PASSWORD: "*****", LEVEL: "3"}'],
    ['password: hunter2  # old', 'password: *******  # old'],
    ['con: postgresql://shop:hunter2@db/shop', 'con: postgresql://shop:*******@db/shop'],
    ['ID: AKIAIOSFODNN7EXAMPLE', 'ID: ********************'],
    ["api_key = 'abc'", "api_key = '***'"],
    [`token: \${oc.env:TOKEN}`, `token: \${oc.env:TOKEN}`],
    ['filepath: data/tokens.csv', 'filepath: data/tokens.csv'],
  ];
  for (const [line, shown] of cases) assert.equal(coverSecrets(line), shown);
});
