import type { Failure } from '../../model/run.ts';
import type { ServiceTrouble } from '../../model/trouble.ts';
import { classify } from './failure-table.ts';

/** Why RunTask started nothing. Where it did not answer, nobody knows whether it did, and that stays the trouble it is. */
export function refusalOf(said: string | ServiceTrouble): Failure | ServiceTrouble {
  if (typeof said !== 'string' && said.kind !== 'refused') return said;
  const refusal = typeof said === 'string' ? classify('failures', said) : classify('error', said.detail);
  if (refusal === undefined) throw new Error(`no row of the table is for ${JSON.stringify(said)}`);
  return refusal;
}
