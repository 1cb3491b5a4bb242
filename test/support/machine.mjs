// Loaded into a process before its own code (node --import): makes it one of another machine, called MACHINE, whose clock
// is ahead by the milliseconds that the file MACHINE_AHEAD has at the moment.
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const { MACHINE, MACHINE_AHEAD } = process.env;
if (MACHINE !== undefined) os.hostname = () => MACHINE;
syncBuiltinESMExports();

const realNow = Date.now;
const ahead = () => (MACHINE_AHEAD === undefined ? 0 : Number(readFileSync(MACHINE_AHEAD, 'utf8')));
Date.now = () => realNow() + ahead();
globalThis.Date = new Proxy(Date, {
  construct: (RealDate, words, target) =>
    Reflect.construct(RealDate, words.length === 0 ? [RealDate.now()] : words, target),
});
