import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertChoices, type Case, prepare, SCRIPT, USUAL } from '../helpers/boot-script.ts';
import { tempFolder } from '../helpers/temp.ts';

const CASES: readonly Case[] = [
  ['a blessed version starts', USUAL, { status: 0, chosen: 'xo.7', reason: 'normal', tries: [] }],
  [
    'a version on trial starts, and the try is counted',
    { ...USUAL, tries: ['tries+3'] },
    { status: 0, chosen: 'xo.7', reason: 'normal', tries: ['tries+2'] },
  ],
  [
    'the last try is a try',
    { ...USUAL, tries: ['tries+1'] },
    { status: 0, chosen: 'xo.7', reason: 'normal', tries: ['tries+0'] },
  ],
  [
    'after the last try it goes back, and stays back',
    { ...USUAL, tries: ['tries+0'] },
    { status: 0, chosen: 'xo.6', reason: 'tries-used-up', from: 'xo.7', tries: ['tries+0'] },
  ],
  [
    'of several counts the lowest counts',
    { ...USUAL, tries: ['tries+0', 'tries+3'] },
    { status: 0, chosen: 'xo.6', reason: 'tries-used-up', from: 'xo.7' },
  ],
  [
    'a number of two digits is one',
    { ...USUAL, tries: ['tries+10'] },
    { status: 0, chosen: 'xo.7', reason: 'normal', tries: ['tries+9'] },
  ],
  [
    'names that only look like tries are not counted',
    { ...USUAL, tries: ['tries+', 'tries+x', 'tries+01', 'tries+-1', 'tries+100'] },
    { status: 0, chosen: 'xo.7', reason: 'normal' },
  ],
  [
    'the key takes the previous version and no try',
    { ...USUAL, tries: ['tries+2'], keyHeld: true },
    { status: 0, chosen: 'xo.6', reason: 'key-held', from: 'xo.7', tries: ['tries+2'] },
  ],
  [
    'the key without a previous version starts the current one',
    { ...USUAL, previous: '', tries: ['tries+2'], keyHeld: true },
    { status: 0, chosen: 'xo.7', reason: 'normal', tries: ['tries+1'] },
  ],
  [
    'a current version that is not there: the previous one',
    { ...USUAL, trees: ['xo.6'] },
    { status: 0, chosen: 'xo.6', reason: 'unusable', from: 'xo.7' },
  ],
  [
    'tries used up and no previous version: the current one, for want of better',
    { ...USUAL, trees: ['xo.7'], tries: ['tries+0'] },
    { status: 0, chosen: 'xo.7', reason: 'last-resort' },
  ],
  [
    'a start that the power button ended takes patience and no try',
    { ...USUAL, tries: ['tries+2'], marks: { alive: '' } },
    { status: 0, chosen: 'xo.7', reason: 'normal', tries: ['tries+2'], marks: ['patience+4'] },
  ],
  [
    'also the last one',
    { ...USUAL, tries: ['tries+0'], marks: { alive: '', 'patience+1': '' } },
    { status: 0, chosen: 'xo.7', reason: 'normal', tries: ['tries+0'], marks: ['patience+0'] },
  ],
  [
    'without patience left it takes a try again',
    { ...USUAL, tries: ['tries+1'], marks: { alive: '', 'patience+0': '' } },
    { status: 0, chosen: 'xo.7', reason: 'normal', tries: ['tries+0'], marks: ['patience+0'] },
  ],
  [
    'without patience and tries it goes back',
    { ...USUAL, tries: ['tries+0'], marks: { alive: '', 'patience+0': '' } },
    { status: 0, chosen: 'xo.6', reason: 'tries-used-up', from: 'xo.7' },
  ],
  [
    'patience is worth nothing to a version that did not come to life',
    { ...USUAL, tries: ['tries+0'], marks: { 'patience+5': '' } },
    { status: 0, chosen: 'xo.6', reason: 'tries-used-up', from: 'xo.7' },
  ],
  [
    'which check failed is handed on',
    { ...USUAL, tries: ['tries+0'], marks: { unhealthy: 'wireless\nmore' } },
    { status: 0, chosen: 'xo.6', reason: 'tries-used-up', from: 'xo.7', unhealthy: 'wireless' },
  ],
  [
    'but no mischief in its name',
    { ...USUAL, tries: ['tries+0'], marks: { unhealthy: 'a=$(reboot)' } },
    { status: 0, chosen: 'xo.6', reason: 'tries-used-up', from: 'xo.7', unhealthy: 'a check' },
  ],
  [
    'the previous version once, and not a second time',
    { ...USUAL, marks: { 'previous-once': '' } },
    { status: 0, chosen: 'xo.6', reason: 'key-held', from: 'xo.7', marks: [] },
  ],
  [
    'the kernel of the version: it starts',
    { ...USUAL, kernel: '6.1', trees: ['xo.6', 'xo.7/usr/lib/modules/6.1'], marks: { 'kernel-retry': '' } },
    { status: 0, chosen: 'xo.7', reason: 'normal', marks: [] },
  ],
  [
    'another kernel: a restart, and no try is taken',
    { ...USUAL, kernel: '6.0', tries: ['tries+2'], trees: ['xo.6', 'xo.7/usr/lib/modules/6.1'] },
    { status: 3, tries: ['tries+2'], marks: ['kernel-retry'] },
  ],
  [
    'another kernel again: it starts all the same, rather than restart for ever',
    { ...USUAL, kernel: '6.0', trees: ['xo.6', 'xo.7/usr/lib/modules/6.1'], marks: { 'kernel-retry': '' } },
    { status: 0, chosen: 'xo.7', reason: 'normal', marks: [] },
  ],
  [
    'the key held and the previous version has another kernel: the restart knows',
    { ...USUAL, kernel: '6.1', keyHeld: true, trees: ['xo.6/lib/modules/6.0', 'xo.7/usr/lib/modules/6.1'] },
    { status: 3, marks: ['kernel-retry', 'previous-once'] },
  ],
  [
    'a version without modules goes with any kernel',
    { ...USUAL, kernel: '6.1', trees: ['xo.6', 'xo.7/usr/lib/modules'] },
    { status: 0, chosen: 'xo.7', reason: 'normal' },
  ],
];

test('the boot script chooses as the table says, in every shell', (t) => assertChoices(t, CASES));

test('a version on trial is not started when the try cannot be counted', (t) => {
  const root = tempFolder(t);
  prepare(root, { ...USUAL, tries: ['tries+2'] });
  // An ordinary user and a folder that is not its own: what a read-only file system is to root.
  const run = join(root, 'run');
  mkdirSync(run);
  chmodSync(root, 0o755);
  chmodSync(run, 0o777);
  chmodSync(join(root, 'rootfs/config.12'), 0o555);
  const result = spawnSync('dash', [SCRIPT, '--sysroot', root, '--run', run], {
    encoding: 'utf8',
    ...(process.getuid?.() === 0 && { uid: 65534, gid: 65534 }),
  });
  assert.equal(result.stdout, `${join(root, 'rootfs/xo.6')}\n`);
  assert.match(readFileSync(join(run, 'booted'), 'utf8'), /reason=not-counted/);
});

test('wrong arguments are told in one line', () => {
  for (const args of [
    [],
    ['--sysroot'],
    ['--sysroot', '/x'],
    ['--run', '/x'],
    ['--sysroot', '/x', '--run', '/y', '--kernel'],
    ['--sysroot', '/x', '--run', '/y', 'z'],
  ]) {
    const result = spawnSync('dash', [SCRIPT, ...args], { encoding: 'utf8' });
    assert.equal(result.status, 2);
    assert.match(result.stderr, /^usage: [^\n]+\n$/);
  }
});

test('sourced, it only brings its functions, and leaves variables and the shell alone', (t) => {
  const root = tempFolder(t);
  prepare(root, USUAL);
  const text = `rb_run=mine; . "$1"; ripple_boot --sysroot "$2" --run "$2" 2>/dev/null; ripple_boot 2>/dev/null; echo "$? $rb_run"`;
  const result = spawnSync('dash', ['-c', text, 'initramfs', SCRIPT, root], { encoding: 'utf8' });
  assert.equal(result.stdout, `${join(root, 'rootfs/xo.7')}\n2 mine\n`);
});
