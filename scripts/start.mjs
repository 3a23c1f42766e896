// npm start: set up what is missing, then the little class. Arguments go to `ripple demo`.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

setup('start');
const command = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin/ripple');
const child = spawn(process.execPath, [command, 'demo', ...process.argv.slice(2)], { stdio: 'inherit' });
// A terminal sends Ctrl-C to both; a service manager only to this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (status, signal) => process.exit(status ?? (signal ? 1 : 0)));
