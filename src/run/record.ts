import type { RunEvent } from '../model/run.ts';

/** An event without its date. */
export type Undated = RunEvent extends infer Event ? (Event extends RunEvent ? Omit<Event, 'at'> : never) : never;

/** Keeps an event, and applies it, before what it allows is done. */
export type Record = (event: Undated) => Promise<void>;
