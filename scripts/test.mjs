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
function runTests(some, atOnce) {
  if (some.length === 0) return 0;
  const args = ['--test', `--test-concurrency=${atOnce}`, '--test-reporter=spec', ...some];
  return spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
}
const isUnit = (path) => relative(join(root, 'build/test'), path).startsWith('unit/');
const units = runTests(files.filter(isUnit), 2);
// One file at a time: daemons, disks and browsers of two tests would fight for a small machine.
const others = runTests(
  files.filter((path) => !isUnit(path)),
  1,
);
process.exit(units || others);
