// Puts both results into one page.
import { readFileSync, writeFileSync } from 'node:fs';

const { WHERRY_IN_DELAYS_JSON, WHERRY_IN_BUSIEST_HOURS, WHERRY_OUT_REPORT } = process.env;
const delays = JSON.parse(readFileSync(WHERRY_IN_DELAYS_JSON, 'utf8'));
const hours = readFileSync(WHERRY_IN_BUSIEST_HOURS, 'utf8').trim().split('\n');

const rows = Object.entries(delays).map(
  ([ferry, { crossings, mean, worst, late }]) =>
    `| ${ferry} | ${crossings} | ${mean} | ${worst} | ${(100 * late).toFixed(1)} % |`,
);
const page = [
  '# Ferry times',
  '',
  '| ferry | crossings | mean delay | worst | late |',
  '| --- | --- | --- | --- | --- |',
  ...rows,
  '',
  'Busiest hours:',
  '',
  ...hours.map((line) => line.split(',')).map(([hour, count]) => `- ${hour}:00 (${count} crossings)`),
];
writeFileSync(WHERRY_OUT_REPORT, `${page.join('\n')}\n`);
process.stdout.write(`report on ${rows.length} ferries\n`);
