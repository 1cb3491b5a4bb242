import { createHash } from 'node:crypto';
import { type ConfigValues, configSchema } from '../../src/config/schema.ts';

/** Settings as a `wherry.yml` with this content would give them. */
export function settings(written: object = {}): ConfigValues {
  return configSchema.parse(written);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
