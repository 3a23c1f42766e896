// npm run lint: Biome over everything, then the import directions.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const steps = [
  [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', root],
  [join(root, 'scripts/lint-imports.mjs')],
];
for (const step of steps) {
  const result = spawnSync(process.execPath, step, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(1);
}
