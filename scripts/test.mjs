// `npm test`: installs what is missing, then checks everything.
import { spawnSync } from 'node:child_process';
import { install, root } from './install.mjs';

install();
const { status } = spawnSync('node', ['scripts/check.mjs', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
