// npm run bench:wake: set up, then measure what a flood of forged wake-up packets costs a laptop; writes its part of BENCHMARKS.md.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
setup('start');
const result = spawnSync(process.execPath, [join(root, 'build/test/bench/wake/main.js')], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
