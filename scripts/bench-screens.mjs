// npm run bench:screens: the first picture, and frames while much moves; writes its section of BENCHMARKS.md.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
setup('test');
const result = spawnSync(process.execPath, [join(root, 'build/test/bench/screens.js')], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
