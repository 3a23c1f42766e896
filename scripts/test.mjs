// npm test: set up, lint, then every test file. Usage: node scripts/test.mjs [NAME…] runs only files whose path holds NAME.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
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
/** A compiled test whose source is gone must not run. */
const sourceOf = (path) => join(root, relative(join(root, 'build'), path)).replace(/\.js$/, '.ts');
const files = testFiles(join(root, 'build/test')).filter(
  (path) => existsSync(sourceOf(path)) && (wanted.length === 0 || wanted.some((word) => sourceOf(path).includes(word))),
);
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}

// Two files at a time, for a machine with two processors: those that take minutes first, so that they run beside each
// other and beside the many short ones, and none is left alone at the end.
const LONGEST = [
  'test/boot/real-boot',
  'test/class/',
  'test/powercut/',
  'test/debian/',
  'test/package/',
  'test/attack/',
  'test/ui/',
];
const place = (path) => {
  const found = LONGEST.findIndex((part) => sourceOf(path).includes(part));
  return found < 0 ? LONGEST.length : found;
};
files.sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));

process.chdir(root);
const results = run({ files, concurrency: 2 });
/** Seconds in the tests of each file, so that it is seen where the time of a run goes. */
const seconds = new Map();
const count = ({ nesting, file, details }) => {
  if (nesting > 0 || !file) return;
  const source = relative(root, sourceOf(file));
  seconds.set(source, (seconds.get(source) ?? 0) + details.duration_ms / 1000);
};
results.on('test:pass', count).on('test:fail', (test) => {
  process.exitCode = 1;
  count(test);
});
results
  .compose(new spec())
  .on('end', () => {
    const slowest = [...seconds].sort((a, b) => b[1] - a[1]).slice(0, 12);
    console.log(
      `\nmost time:${slowest.map(([file, spent]) => `\n${spent.toFixed(0).padStart(7)} s  ${file}`).join('')}`,
    );
  })
  .pipe(process.stdout);
