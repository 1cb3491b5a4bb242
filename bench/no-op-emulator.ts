// An emulator of ECS and CloudWatch Logs whose containers start nothing, write one line and end at once with 0, so that
// what is measured is whoever drives it. Prints its address and ends with its standard input.
import type { Driver } from '../emulator/drivers/driver.ts';
import { openTestWorld } from '../emulator/test-world.ts';

const driver: Driver = {
  create: async ({ name, environment, onLine }) => ({
    runtimeId: name,
    leftover: () => undefined,
    start: async () => {
      await onLine(`${environment['WHERRY_TASK']} was here`);
      const ended = Promise.resolve({ exitCode: 0, isOutOfMemory: false });
      return { ended, execute: async () => 0, stop: () => undefined, kill: () => undefined };
    },
    remove: async () => undefined,
  }),
  sweep: async () => undefined,
};
const { env, end } = await openTestWorld({ timeScale: 0, driver });
process.stdout.write(`${env['AWS_ENDPOINT_URL_ECS']}\n`);
process.stdin.on('close', () => {
  end();
  process.exit(0);
});
process.stdin.resume();
