// CPU seconds of a child process with all that it started, by the shell's own `times`.
import { spawnSync } from 'node:child_process';

/** User and system seconds that `command` and its children took. */
export function cpuOf(command, words, options = {}) {
  const script = '"$@" >/dev/null 2>&1; status=$?; times; exit $status';
  const { stdout, status } = spawnSync('bash', ['-c', script, 'bash', command, ...words], {
    encoding: 'utf8',
    ...options,
  });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${status}`);
  const [user, system] = stdout
    .trim()
    .split('\n')[1]
    .split(' ')
    .map((text) => {
      const [, minutes, seconds] = /(\d+)m([\d.]+)s/.exec(text) ?? [];
      return Number(minutes) * 60 + Number(seconds);
    });
  return user + system;
}

export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

export function printTable(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => String(row[column]).length)));
  for (const row of [head, ...rows])
    process.stdout.write(
      `${row
        .map((cell, column) => String(cell).padEnd(widths[column]))
        .join('  ')
        .trimEnd()}\n`,
    );
}
