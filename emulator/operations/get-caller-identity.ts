import { randomUUID } from 'node:crypto';
import type { World } from '../state.ts';

// STS/latest/APIReference/API_GetCallerIdentity: the query protocol, answered in XML.
export function getCallerIdentity(world: World): string {
  return (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
    `<Arn>arn:aws:iam::${world.account}:root</Arn><UserId>${world.account}</UserId><Account>${world.account}</Account>` +
    `</GetCallerIdentityResult><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>` +
    '</GetCallerIdentityResponse>'
  );
}
