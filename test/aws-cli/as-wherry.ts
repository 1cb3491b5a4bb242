// What Wherry takes from flags, environment and files: one answer for each case.
import { text } from 'node:stream/consumers';
import { resolveAccount } from '../../src/service/aws/account.ts';
import { callerIdentity } from '../../src/service/aws/sts.ts';
import type { Asked } from './cases.ts';

const cases = JSON.parse(await text(process.stdin)) as Asked[];
const answers = [];
for (const { env, flags, sts } of cases) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  const { region, profile, endpointUrl } = flags;
  const account = await resolveAccount({ region, profile, endpointUrl }, env);
  if (!account.ok) {
    answers.push({ error: account.error });
    continue;
  }
  const { ecs, logs, s3 } = account.value.endpoints;
  const identity = await callerIdentity({ ...account.value, endpoints: { ...account.value.endpoints, sts } });
  answers.push(
    identity.ok
      ? {
          region: account.value.region,
          endpoints: { ecs: ecs ?? null, logs: logs ?? null, s3: s3 ?? null },
          signedBy: identity.value.arn,
        }
      : {
          error: identity.error.code,
          kind: identity.error.kind,
          detail: identity.error.detail,
          help: identity.error.help,
        },
  );
}
process.stdout.write(JSON.stringify(answers));
