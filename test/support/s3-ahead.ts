import { setTimeout as sleep } from 'node:timers/promises';
import { cuttingProxy } from '../crash/cutting-proxy.ts';

/** S3 as those see it for whom its clock, by which the age of an object is told, was put forward. */
export async function s3Ahead(service: string) {
  const jumps: { readonly at: number; readonly ms: number }[] = [];
  const shown = (instant: number) => jumps.reduce((sum, { at, ms }) => (instant < at ? sum : sum + ms), instant);
  const proxy = await cuttingProxy(
    service,
    () => true,
    (headers) => {
      const changed = ['date', 'last-modified'].flatMap((name) => {
        const value = headers[name];
        return typeof value === 'string' ? [[name, new Date(shown(Date.parse(value))).toUTCString()]] : [];
      });
      return { ...headers, ...Object.fromEntries(changed) };
    },
  );
  return {
    ...proxy,
    /** What was written before is so much older from now on. These headers know whole seconds only. */
    passes: async (ms: number) => {
      const at = Math.ceil(Date.now() / 1000) * 1000;
      await sleep(at - Date.now());
      jumps.push({ at, ms });
    },
  };
}
