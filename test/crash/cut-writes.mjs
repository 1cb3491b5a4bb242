// Loaded into a process before its own code (node --import): counts what it changes on disk, and kills it at one of these
// moments. CUT is `torn:N` (half of it is written, of a text) or `after:N`, of the Nth change; others are cut elsewhere. Without
// it the number of changes goes to the file CUT_COUNT at the end.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [kind, nth] = (process.env.CUT ?? '').split(':');
let changes = 0;
const end = () => process.kill(process.pid, 'SIGKILL');

for (const name of ['appendFile', 'writeFile', 'rename', 'link', 'rm', 'truncate']) {
  const original = fs.promises[name];
  fs.promises[name] = async (...words) => {
    changes += 1;
    const isIt = (kind === 'torn' || kind === 'after') && changes === Number(nth);
    if (isIt && kind === 'torn') {
      const isText = name.endsWith('File') && typeof words[1] === 'string';
      if (isText) await original(words[0], words[1].slice(0, words[1].length / 2));
      end();
    }
    const result = await original(...words);
    if (isIt) end();
    return result;
  };
}
syncBuiltinESMExports();
const { CUT_COUNT: file } = process.env;
if (file !== undefined) process.on('exit', () => fs.writeFileSync(file, String(changes)));
