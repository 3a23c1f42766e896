// npm test: set up, lint, then every test file. Usage: node scripts/test.mjs [NAME…] runs only files whose path holds NAME.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
setup('test');

const wanted = process.argv.slice(2);
if (wanted.length === 0) {
  const lint = spawnSync(process.execPath, [join(root, 'scripts/lint.mjs')], { stdio: 'inherit' });
  if (lint.status !== 0) process.exit(1);
}

function testFiles(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return testFiles(path);
    return path.endsWith('.test.js') ? [path] : [];
  });
}
// A compiled test whose source is gone must not run.
const files = testFiles(join(root, 'build/test')).filter((path) => {
  const source = join(root, relative(join(root, 'build'), path)).replace(/\.js$/, '.ts');
  return existsSync(source) && (wanted.length === 0 || wanted.some((word) => source.includes(word)));
});
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}
// One file at a time: daemons, disks and browsers of two tests would fight for a small machine.
const result = spawnSync(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exit(result.status ?? 1);
