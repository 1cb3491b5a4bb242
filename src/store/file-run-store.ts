import { access, appendFile, mkdir, open, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogLine } from '../engine/engine.ts';
import type { LaunchRecord } from '../model/launch-record.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run.ts';
import type { RunRecorder, RunStore } from '../run/store.ts';
import { versionedFile } from './versioned-file.ts';
import { writeWhole } from './write-whole.ts';

/** Runs under `<folder>/<run id>/`: `plan.json`, `launch.json`, `events.jsonl`, and a log for each attempt. */
export function fileRunStore(folder: string): RunStore {
  const place = (runId: string, name: string) => join(folder, runId, name);
  return {
    create: async (runId, plan, launch) => {
      await mkdir(place(runId, 'logs'), { recursive: true });
      await writeWhole(place(runId, 'launch.json'), JSON.stringify(launch));
      // Last: a run exists when its plan does.
      await writeWhole(place(runId, 'plan.json'), JSON.stringify(plan));
      return recorder(join(folder, runId));
    },
    adopt: async (runId, { plan, launch, events }) => {
      await mkdir(place(runId, 'logs'), { recursive: true });
      await writeWhole(place(runId, 'events.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      await writeWhole(place(runId, 'launch.json'), JSON.stringify(launch));
      await writeWhole(place(runId, 'plan.json'), JSON.stringify(plan));
    },
    reopen: async (runId) => {
      await truncate(place(runId, 'events.jsonl'), (await readEvents(place(runId, 'events.jsonl'))).end).catch(
        () => {},
      );
      return recorder(join(folder, runId));
    },
    list: async () => {
      const names = (await readdir(folder).catch(() => [])).filter((name) => /^\d{8}T\d{6}-/.test(name));
      const exist = await Promise.all(names.map((name) => isThere(place(name, 'plan.json'))));
      return names
        .filter((_, index) => exist[index])
        .sort()
        .reverse();
    },
    read: async (runId) => {
      const plan = await readJson<Plan>(place(runId, 'plan.json'));
      if (plan === undefined) return undefined;
      const launch = await readJson<LaunchRecord>(place(runId, 'launch.json'));
      const { events } = await readEvents(place(runId, 'events.jsonl'));
      return { plan, launch, events };
    },
    readLog: async (runId, task, attempt, from = 0) => {
      const text = await readFrom(place(runId, logName(task, attempt)), from);
      // A line that is just being written is left for the next page.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      return { lines: linesOf(whole), end: from + Buffer.byteLength(whole) };
    },
    lockOf: (runId) => versionedFile(place(runId, 'lock')),
  };
}

/** No write waits for the disk: what is written outlives the process, and of a machine that loses its power the tail is lost (docs/adr/0009). */
function recorder(folder: string): RunRecorder {
  const events = join(folder, 'events.jsonl');
  return {
    append: (event) => appendFile(events, `${JSON.stringify(event)}\n`),
    appendLog: (task, attempt, lines) =>
      appendFile(join(folder, logName(task, attempt)), lines.map(printLine).join('')),
    keptLines: async (task, attempt) => {
      const log = join(folder, logName(task, attempt));
      await cutPartialLine(log);
      return linesOf(await readFile(log, 'utf8').catch(() => ''));
    },
  };
}

function logName(task: string, attempt: number): string {
  return join('logs', `${task}-${attempt}.log`);
}

function printLine({ at, text }: LogLine): string {
  return `${new Date(at).toISOString()} ${text}\n`;
}

function linesOf(text: string): LogLine[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const space = line.indexOf(' ');
    return { at: Date.parse(line.slice(0, space)), text: line.slice(space + 1) };
  });
}

async function readFrom(path: string, offset: number): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.max(size - offset, 0));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}

/** Undefined where it is not there, or the machine went down while it was written. */
async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parse<T>(text);
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** Up to the first line that is cut off, or that is none: where a crash has left one, what is behind it says nothing. `end`: in bytes. */
async function readEvents(path: string): Promise<{ readonly events: RunEvent[]; readonly end: number }> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const events: RunEvent[] = [];
  let end = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    const event = parse<RunEvent>(line);
    if (event === undefined) break;
    events.push(event);
    end += Buffer.byteLength(line) + 1;
  }
  return { events, end };
}

/** What is appended next must not become a part of it. */
async function cutPartialLine(path: string): Promise<void> {
  const content = await readFile(path).catch(() => Buffer.alloc(0));
  const end = content.lastIndexOf('\n') + 1;
  if (end < content.length) await truncate(path, end);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
