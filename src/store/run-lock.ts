import type { VersionedText } from '../run/store.ts';

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
  readonly cancel?: { readonly by: ProcessIdentity } | undefined;
  /** The owner has let go of it. */
  readonly released?: boolean;
}

/** Who drives a run: nobody, or this process, which lives or whose machine has been heard of less than a minute ago. */
export type Driven = { readonly by: undefined } | { readonly by: ProcessIdentity; readonly heardMs: number };

export interface LockOptions {
  readonly self: ProcessIdentity;
  readonly token: string;
  /** Undefined for a process of another machine, of which nobody here can know. */
  readonly isAlive: (identity: ProcessIdentity) => boolean | undefined;
  /** How often the owner says that it lives, and hears whether it is asked to stop. */
  readonly beatMs: number;
}

/** How long an owner may be silent before it counts for dead (CONTRACTS §5). */
const DEAD_AFTER_MS = 60_000;

export async function whoDrives(place: VersionedText, isAlive: LockOptions['isAlive']): Promise<Driven> {
  const found = await place.read();
  return found === undefined ? { by: undefined } : drivenBy(JSON.parse(found.text), found.ageMs, isAlive);
}

function drivenBy({ owner, released }: LockContent, ageMs: number, isAlive: LockOptions['isAlive']): Driven {
  const isHeld = !released && (isAlive(owner) ?? ageMs < DEAD_AFTER_MS);
  return isHeld ? { by: owner, heardMs: ageMs } : { by: undefined };
}

/** Takes the lock of a run for this process, or says who has it. */
export async function takeRunLock(place: VersionedText, options: LockOptions): Promise<RunLock | Driven> {
  for (;;) {
    const found = await place.read();
    const last = found && (JSON.parse(found.text) as LockContent);
    if (found !== undefined && last !== undefined) {
      const driven = drivenBy(last, found.ageMs, options.isAlive);
      if (driven.by !== undefined) return driven;
    }
    const content = {
      version: 1,
      epoch: (last?.epoch ?? 0) + 1,
      token: options.token,
      owner: options.self,
    } as const;
    const version = await place.write(JSON.stringify(content), found?.version);
    if (version !== undefined) return new RunLock(place, { ...options, content, version });
  }
}

/** Asks whoever drives a run to stop everything. False where nobody does. */
export async function askToCancel(
  place: VersionedText,
  { self, isAlive }: Pick<LockOptions, 'self' | 'isAlive'>,
): Promise<boolean> {
  for (;;) {
    const found = await place.read();
    if (found === undefined) return false;
    const content = JSON.parse(found.text) as LockContent;
    if (drivenBy(content, found.ageMs, isAlive).by === undefined) return false;
    if (content.cancel !== undefined) return true;
    const asked = await place.write(JSON.stringify({ ...content, cancel: { by: self } }), found.version);
    if (asked !== undefined) return true;
  }
}

interface Held extends LockOptions {
  readonly content: LockContent;
  readonly version: string;
}

/** The right to drive one run, for as long as this process says regularly that it lives. */
export class RunLock {
  /** Undefined while it is ours. */
  lostTo: ProcessIdentity | undefined;
  readonly epoch: number;
  readonly #place: VersionedText;
  #content: LockContent;
  #version: string;
  #beating: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(place: VersionedText, { content, version, beatMs }: Held) {
    this.#place = place;
    this.#content = content;
    this.#version = version;
    this.epoch = content.epoch;
    this.#timer = setInterval(() => {
      this.#beating ??= this.#write(this.#content)
        // Out of reach for a moment: the next beat may get through.
        .catch(() => undefined)
        .finally(() => {
          this.#beating = undefined;
        });
    }, beatMs).unref();
  }

  get cancelRequested(): boolean {
    return this.#content.cancel !== undefined;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.#write({ ...this.#content, released: true });
  }

  /** Where it was changed since, somebody has asked for a cancel, or has taken it. */
  async #write(content: LockContent): Promise<void> {
    let wanted = content;
    while (this.lostTo === undefined) {
      const version = await this.#place.write(JSON.stringify(wanted), this.#version);
      if (version !== undefined) {
        this.#version = version;
        this.#content = wanted;
        return;
      }
      const found = await this.#place.read();
      if (found === undefined) return;
      const there = JSON.parse(found.text) as LockContent;
      if (there.token !== content.token) {
        this.lostTo = there.owner;
        clearInterval(this.#timer);
        return;
      }
      this.#version = found.version;
      wanted = { ...content, cancel: there.cancel };
      this.#content = { ...this.#content, cancel: there.cancel };
    }
  }
}
