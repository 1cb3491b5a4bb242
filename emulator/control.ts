import { type Answer, json } from './answer.ts';
import { LONGEST_ADVANCE_SECONDS } from './arguments.ts';
import { lastSegment } from './arn.ts';
import type { Calls } from './calls.ts';
import type { EmulatorClock } from './clock.ts';
import { type ImageSource, imageSource } from './drivers/images.ts';
import { fateOf } from './faults/fate.ts';
import type { Faults } from './faults/faults.ts';
import { s3Operation } from './faults/s3-operation.ts';
import type { Holders } from './holders.ts';
import { saveClock } from './open-world.ts';
import { OPERATION_NAMES } from './protocol.ts';
import type { Saver } from './saver.ts';
import type { Control } from './server.ts';
import type { Life } from './state.ts';

interface Controlled {
  readonly images: Map<string, ImageSource>;
  readonly holders: Holders;
  readonly calls: Calls;
  readonly clock: EmulatorClock;
  readonly saver: Saver;
  readonly faults: Faults;
  readonly lives: ReadonlyMap<string, Life>;
  /** Tells S3 whether to ask about faults; absent where there is no S3. */
  readonly tellS3?: () => Promise<void>;
}

/** What answers a method and a path, given the body; what it throws is a complaint about the body. */
type Route = (body: string) => unknown;

/** The emulator's own resources: whether it lives, which folder stands for which image, its clock, calls so far, faults. */
export function control(controlled: Controlled): Control {
  const routes: Readonly<Record<string, Route>> = {
    'GET /_emulator/health': () => ({ status: 'ok', pid: process.pid, holders: controlled.holders.size }),
    'PUT /_emulator/images': (body) => putImage(controlled.images, body),
    'GET /_emulator/time': () => timeOf(controlled.clock),
    'POST /_emulator/time': (body) => advance(controlled, body),
    'GET /_emulator/calls': () => controlled.calls.shown(),
    'DELETE /_emulator/calls': () => controlled.calls.reset(),
    'GET /_emulator/faults': () => controlled.faults.shown(),
    'PUT /_emulator/faults': async (body) => {
      await setFaults(controlled.faults, body);
      await controlled.tellS3?.();
      return controlled.faults.shown();
    },
    'POST /_emulator/faults': (body) => endTask(controlled.lives, body),
    'DELETE /_emulator/faults': () => {
      controlled.faults.set();
      return controlled.tellS3?.();
    },
    'POST /_emulator/s3': (body) => s3Interference(controlled, body),
  };
  return async (method, path, body) => {
    const route = routes[`${method} ${path}`];
    if (!route) return own(404, { message: `There is no ${method} ${path}` });
    try {
      return own(200, (await route(body)) ?? {});
    } catch (error) {
      return own(400, { message: (error as Error).message });
    }
  };
}

const own = (status: number, value: unknown): Answer => json(status, value, 'application/json');

function putImage(images: Map<string, ImageSource>, body: string) {
  const { ref, dir, python } = JSON.parse(body) as { ref?: unknown; dir?: unknown; python?: unknown };
  if (typeof ref !== 'string' || typeof dir !== 'string') throw new Error('an image is {"ref", "dir", "python"}');
  const source = imageSource(dir, typeof python === 'string' ? python : undefined);
  images.set(ref, source);
  return { ref, ...source };
}

async function advance({ clock, saver }: Controlled, body: string) {
  const { advanceSeconds } = JSON.parse(body) as { advanceSeconds?: unknown };
  const isRight =
    typeof advanceSeconds === 'number' && advanceSeconds >= 0 && advanceSeconds <= LONGEST_ADVANCE_SECONDS;
  if (!isRight) throw new Error(`an advance is {"advanceSeconds": N}, N from 0 to ${LONGEST_ADVANCE_SECONDS}`);
  await clock.advance(advanceSeconds);
  saveClock(saver, clock);
  // Whoever was told of the new time must never see an earlier one.
  if (!saver.flush()) throw new Error('the new time cannot be written to the state folder');
  return timeOf(clock);
}

/** Throws when the text, YAML or JSON, does not say faults. */
export async function setFaults(faults: Faults, text: string): Promise<void> {
  // What few ask for, nobody else waits for.
  const { parseFaults } = await import('./faults/parse.ts');
  faults.set(parseFaults(text, OPERATION_NAMES));
}

/** What the S3 server is to do with a request, which it asks before it answers. */
function s3Interference({ faults, clock }: Controlled, body: string) {
  const { method, target } = JSON.parse(body) as { method: string; target: string };
  const interference = faults.ofRequest({ ...s3Operation(method, target), subjects: () => [] }, clock.now());
  if (interference === undefined || interference.answer === 'cut') return { interference };
  const { type, message, status } = interference.answer;
  return { interference: { ...interference, answer: { type, message, status } } };
}

/** Ends one task that runs, in the way of a fault. */
async function endTask(lives: ReadonlyMap<string, Life>, text: string): Promise<unknown> {
  const { parseFaults } = await import('./faults/parse.ts');
  const { task, ...fault } = JSON.parse(text) as { task?: unknown };
  const [parsed] = parseFaults(JSON.stringify({ tasks: [fault] }), []).tasks;
  const end = parsed && fateOf(parsed).end?.end;
  if (end === undefined) throw new Error(`'${parsed?.fault}' does not end a task that runs`);
  const life = lives.get(lastSegment(String(task)));
  if (life === undefined) throw new Error(`no task '${task}' runs`);
  life.meet(end);
  return { task };
}

const timeOf = (clock: EmulatorClock) => ({
  now: new Date(clock.now()).toISOString(),
  aheadSeconds: clock.aheadSeconds,
});
