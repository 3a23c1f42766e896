// npm run bench [-- screens | storage | scrub | boot]: set up, then measure Ripple beside rsync and OSTree; writes BENCHMARKS.md. Needs root (loop mounts).
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (process.getuid?.() !== 0) {
  console.error(
    'npm run bench needs root: every program gets a disk of its own by a loop mount. Try: sudo npm run bench',
  );
  process.exit(1);
}
setup('bench');
const result = spawnSync(process.execPath, [join(root, 'build/test/bench/main.js'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
