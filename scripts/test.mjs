// npm test: set up, lint, then every test file. Usage: node scripts/test.mjs [NAME…] runs only files whose path holds NAME.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
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

/**
 * What takes minutes and speaks to nobody beyond itself, in this order: it runs beside all else, so that a machine with two
 * processors has work for both. The two that need both come last.
 */
const APART = [
  'test/attack/diffs',
  'test/attack/faults',
  'test/attack/fetch-faults',
  'test/debian/',
  'test/powercut/',
  'test/ui/matrix',
  'test/ui/pictures',
  'test/class/',
  'test/boot/',
];
const isIn = (folder) => (path) => relative(join(root, 'build'), path).startsWith(folder);

/**
 * `ip netns exec` gives its program a copy of all mounts, in which a file system stays mounted after umount(8). So what one lane
 * mounts the other must not see, or its disk is not written out when a machine starts from it.
 */
const OWN_MOUNTS = ['unshare', '--mount', '--propagation', 'private'];
function ownMounts() {
  if (process.getuid() !== 0) return [];
  if (spawnSync(OWN_MOUNTS[0], [...OWN_MOUNTS.slice(1), 'true']).status === 0) return OWN_MOUNTS;
  console.log('NOT APART: this machine makes no mount namespaces, so tests that mount may disturb each other');
  return [];
}

/** Prints whole lines, for two runs may go on at the same time. Resolves with the exit status. */
function runTests(some, atOnce) {
  if (some.length === 0) return Promise.resolve(0);
  const args = [process.execPath, '--test', `--test-concurrency=${atOnce}`, '--test-reporter=spec', ...some];
  const [program, ...rest] = [...ownMounts(), ...args];
  const child = spawn(program, rest, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => console.log(line));
  return new Promise((resolve) => child.once('close', (status) => resolve(status ?? 1)));
}

/** One file at a time: daemons, disks and browsers of two tests would fight for a small machine, and neighbours on loopback be heard. */
async function runInTurn(groups) {
  let worst = 0;
  for (const group of groups) worst = (await runTests(group, 1)) || worst;
  return worst;
}

const units = await runTests(files.filter(isIn('test/unit/')), 2);
const apart = APART.map((folder) => files.filter(isIn(folder)));
const others = files.filter((path) => !['test/unit/', ...APART].some((folder) => isIn(folder)(path)));
const results = await Promise.all([runInTurn(apart), runInTurn([others])]);
process.exit([units, ...results].find((status) => status !== 0) ?? 0);
