// npm run bench:wire: set up, then measure what updates cost on the wire, ours and others'; writes its part of BENCHMARKS.md.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (process.getuid?.() !== 0) {
  console.error(
    'npm run bench:wire needs root: trees are unpacked with the owners that their files have. Try: sudo npm run bench:wire',
  );
  process.exit(1);
}
setup('bench');
const result = spawnSync(process.execPath, [join(root, 'build/test/bench/wire/main.js'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
