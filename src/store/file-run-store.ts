import { appendFile, mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogLine } from '../engine/engine.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run.ts';
import type { RunStore } from '../run/store.ts';

/** Runs under `<folder>/<run id>/`: `plan.json`, `events.jsonl`, and a log for each attempt. */
export function fileRunStore(folder: string): RunStore {
  const place = (runId: string, name: string) => join(folder, runId, name);
  return {
    create: async (runId, plan) => {
      await mkdir(place(runId, 'logs'), { recursive: true });
      await writeWhole(place(runId, 'plan.json'), JSON.stringify(plan));
      const events = place(runId, 'events.jsonl');
      return {
        append: (event) => appendFile(events, `${JSON.stringify(event)}\n`),
        appendLog: (task, attempt, lines) =>
          appendFile(place(runId, logName(task, attempt)), lines.map(printLine).join('')),
      };
    },
    list: async () => {
      const names = await readdir(folder).catch(() => []);
      return names
        .filter((name) => /^\d{8}T\d{6}-/.test(name))
        .sort()
        .reverse();
    },
    read: async (runId) => {
      const plan = await readFile(place(runId, 'plan.json'), 'utf8').catch(() => undefined);
      if (plan === undefined) return undefined;
      const events = await readFile(place(runId, 'events.jsonl'), 'utf8').catch(() => '');
      return { plan: JSON.parse(plan) as Plan, events: readEvents(events) };
    },
    readLog: async (runId, task, attempt, from = 0) => {
      const text = await readFrom(place(runId, logName(task, attempt)), from);
      // A line that is just being written is left for the next page.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      const lines = whole.split('\n').filter((line) => line !== '');
      return { lines: lines.map(readLine), end: from + Buffer.byteLength(whole) };
    },
  };
}

function logName(task: string, attempt: number): string {
  return join('logs', `${task}-${attempt}.log`);
}

function printLine({ at, text }: LogLine): string {
  return `${new Date(at).toISOString()} ${text}\n`;
}

function readLine(line: string): LogLine {
  const space = line.indexOf(' ');
  return { at: Date.parse(line.slice(0, space)), text: line.slice(space + 1) };
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

async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.tmp`, text);
  await rename(`${path}.tmp`, path);
}
