import type { ServiceTrouble } from '../model/trouble.ts';
import type { TextVersion, VersionedText } from '../run/store.ts';
import { failed, ok, type Result } from '../util/result.ts';

/** A process, beyond the reuse of its number: where the system says when it started and which boot this is, that is part of it. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  readonly boot?: string | undefined;
  readonly startedAt?: string | undefined;
}

interface LockContent {
  readonly version: 1;
  /** Rises with every owner. */
  readonly epoch: number;
  readonly token: string;
  readonly owner: ProcessIdentity;
  /** Who asked the owner to stop everything. */
  readonly cancel?: ProcessIdentity | undefined;
  /** The owner has let go of it. */
  readonly released?: boolean | undefined;
}

/** Undefined for a process of another machine, of which nobody here can know. */
export type IsAlive = (identity: ProcessIdentity) => boolean | undefined;

/** The process that drives a run, and how long ago it was heard of. */
export interface Driver {
  readonly process: ProcessIdentity;
  readonly heardMs: number;
}

type Answer<T> = Promise<Result<T, ServiceTrouble>>;

/** How long an owner may be silent before it counts for dead (CONTRACTS §5). */
export const DEAD_AFTER_MS = 60_000;

/** Undefined where no process drives the run: it never had one, it let go, or it is dead. */
export async function whoDrives(place: VersionedText, isAlive: IsAlive): Answer<Driver | undefined> {
  const found = await readLock(place);
  if (!found.ok) return found;
  return ok(driverOf(found.value, isAlive));
}

interface FoundLock extends Omit<TextVersion, 'text'> {
  /** Undefined where it cannot be read: the machine went down while it was written. */
  readonly content: LockContent | undefined;
}

async function readLock(place: VersionedText): Answer<FoundLock | undefined> {
  const found = await place.read();
  if (!found.ok) return found;
  if (found.value === undefined) return ok(undefined);
  const { text, version, ageMs } = found.value;
  const content = parse(text);
  if (content !== undefined && content.version !== 1) return failed(newerLock(content.version));
  return ok({ content, version, ageMs });
}

function parse(text: string): LockContent | undefined {
  try {
    return JSON.parse(text) as LockContent;
  } catch {
    return undefined;
  }
}

function newerLock(version: unknown): ServiceTrouble {
  return {
    kind: 'refused',
    service: 'the lock of the run',
    operation: 'read',
    detail: `another version of Wherry has written it, in form ${version}, and this one knows form 1`,
    help: 'use the newest of the versions that go on with this run',
  };
}

function driverOf(lock: FoundLock | undefined, isAlive: IsAlive): Driver | undefined {
  if (lock?.content === undefined) return undefined;
  const { ageMs, content } = lock;
  const { owner, released } = content;
  const isHeld = released !== true && (isAlive(owner) ?? ageMs < DEAD_AFTER_MS);
  return isHeld ? { process: owner, heardMs: ageMs } : undefined;
}

export interface LockOptions {
  readonly self: ProcessIdentity;
  /** Nobody else's. */
  readonly token: string;
  readonly isAlive: IsAlive;
  /** How often the owner says that it lives, and hears whether it is asked to stop. */
  readonly beatMs: number;
}

/** Takes the lock of a run for this process, or says who has it. */
export async function takeRunLock(
  place: VersionedText,
  { self, token, isAlive, beatMs }: LockOptions,
): Answer<RunLock | Driver> {
  for (;;) {
    const found = await readLock(place);
    if (!found.ok) return found;
    const driver = driverOf(found.value, isAlive);
    const last = found.value?.content;
    // Our own: the answer to the put was lost on the way.
    if (last?.token === token && found.value !== undefined)
      return ok(new RunLock(place, { content: last, version: found.value.version, beatMs }));
    if (driver !== undefined) return ok(driver);
    const content: LockContent = { version: 1, epoch: (last?.epoch ?? 0) + 1, token, owner: self };
    const written = await place.write(JSON.stringify(content), found.value?.version);
    if (!written.ok) return written;
    if (written.value !== undefined) return ok(new RunLock(place, { content, version: written.value, beatMs }));
  }
}

/** Asks the process that drives a run to stop everything. False where none does. */
export async function askToCancel(
  place: VersionedText,
  { self, isAlive }: Pick<LockOptions, 'self' | 'isAlive'>,
): Answer<boolean> {
  for (;;) {
    const found = await readLock(place);
    if (!found.ok) return found;
    const content = found.value?.content;
    if (content === undefined || driverOf(found.value, isAlive) === undefined) return ok(false);
    if (content.cancel !== undefined) return ok(true);
    const written = await place.write(JSON.stringify({ ...content, cancel: self }), found.value?.version);
    if (!written.ok) return written;
    if (written.value !== undefined) return ok(true);
  }
}

/** The right to drive one run, for as long as this process says regularly that it lives. */
export class RunLock {
  /** Who has it now; undefined while it is ours. */
  lostTo: ProcessIdentity | undefined;
  readonly epoch: number;
  readonly #place: VersionedText;
  #content: LockContent;
  #version: string;
  #beating: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(
    place: VersionedText,
    { content, version, beatMs }: { content: LockContent; version: string; beatMs: number },
  ) {
    this.#place = place;
    this.#content = content;
    this.#version = version;
    this.epoch = content.epoch;
    this.#timer = setInterval(() => void this.beat(), beatMs).unref();
  }

  get cancelRequested(): boolean {
    return this.#content.cancel !== undefined;
  }

  /** Says that the owner lives. Out of reach for a moment, the next beat may get through. */
  beat(): Promise<void> {
    this.#beating ??= this.#write(this.#content).finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.#write({ ...this.#content, released: true });
  }

  async #write(content: LockContent): Promise<void> {
    if (this.lostTo !== undefined) return;
    const written = await this.#place.write(JSON.stringify(content), this.#version);
    if (!written.ok) return;
    if (written.value !== undefined) this.#version = written.value;
    else await this.#readAgain(content);
  }

  /** It was changed meanwhile: by somebody who asks for a cancel or has taken it, or by a put of ours whose answer was lost. */
  async #readAgain(wanted: LockContent): Promise<void> {
    const found = await this.#place.read();
    if (!found.ok || found.value === undefined) return;
    const there = JSON.parse(found.value.text) as LockContent;
    if (there.token !== this.#content.token) {
      this.lostTo = there.owner;
      clearInterval(this.#timer);
      return;
    }
    this.#version = found.value.version;
    this.#content = { ...this.#content, cancel: there.cancel };
    await this.#write({ ...wanted, cancel: there.cancel });
  }
}
