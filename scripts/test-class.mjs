// npm run test:class: set up, then the class of thirty real daemons. Needs root, and most of two processors for some minutes.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
setup('test');
const args = ['--test', '--test-reporter=spec', join(root, 'build/test/class/class.test.js')];
const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);
