// npm run try:debian: two real Debian trees, and a chain of laptops that hand the update on. Needs root.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (process.getuid?.() !== 0) {
  console.error(
    'npm run try:debian needs root: it makes network namespaces and trees with device nodes. Try: sudo npm run try:debian',
  );
  process.exit(1);
}
setup('test');
const result = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', join(root, 'build/test/debian/chain.test.js')],
  { cwd: root, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
