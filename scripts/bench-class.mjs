// npm run bench:class: set up, then measure a class of laptops, ours and others'; writes its part of BENCHMARKS.md. Needs root.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (process.getuid?.() !== 0) {
  console.error(
    'npm run bench:class needs root: every laptop is in a network namespace of its own. Try: sudo npm run bench:class',
  );
  process.exit(1);
}
setup('bench');
const result = spawnSync(process.execPath, [join(root, 'build/test/bench/class/main.js'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
