// npm run test:powercut: set up, then the long run: ten thousand crash states of a recorded disk. Arguments are passed on.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
setup('test');
const program = [join(root, 'build/test/powercut/main.js'), ...process.argv.slice(2)];
const result = spawnSync(process.execPath, program, { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);
