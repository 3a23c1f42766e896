// npm run bench:screens: what `npm run bench` says of the screens, alone and without root; writes that section of BENCHMARKS.md.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
setup('test');
const result = spawnSync(process.execPath, [join(root, 'build/test/bench/main.js'), 'screens'], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
