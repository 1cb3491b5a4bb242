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
      await cutPartialLine(place(runId, 'events.jsonl'));
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
      const plan = await readFile(place(runId, 'plan.json'), 'utf8').catch(() => undefined);
      if (plan === undefined) return undefined;
      const launch = await readFile(place(runId, 'launch.json'), 'utf8').catch(() => undefined);
      const events = await readFile(place(runId, 'events.jsonl'), 'utf8').catch(() => '');
      return {
        plan: JSON.parse(plan) as Plan,
        launch: launch === undefined ? undefined : (JSON.parse(launch) as LaunchRecord),
        events: readEvents(events),
      };
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

/** A last line that was cut off by a crash is no event. */
function readEvents(text: string): RunEvent[] {
  const lines = text.split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as RunEvent);
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
