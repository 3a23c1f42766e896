import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readBooted } from '../../service/deploy/booted.ts';
import { tempFolder } from '../helpers/temp.ts';

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), '../../../assets/boot/ripple-boot');

interface Setup {
  /** Target of `boot`; absent: no such link. */
  readonly boot?: string;
  readonly current?: string;
  readonly previous?: string;
  readonly tries?: readonly string[];
  /** Further files in the configuration's folder. */
  readonly marks?: Readonly<Record<string, string>>;
  /** Folders under rootfs. */
  readonly trees?: readonly string[];
  readonly keyHeld?: boolean;
  /** The kernel that runs. */
  readonly kernel?: string;
}
interface Outcome {
  readonly status: number;
  readonly chosen?: string;
  readonly reason?: string;
  readonly from?: string;
  readonly tries?: readonly string[];
  /** What of `marks` and of what the script writes itself is there afterwards. */
  readonly marks?: readonly string[];
  readonly unhealthy?: string;
}

const USUAL = { boot: 'config.12', current: '../xo.7', previous: '../xo.6', trees: ['xo.6', 'xo.7'] };

const CASES: readonly (readonly [title: string, setup: Setup, outcome: Outcome])[] = [
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
  ['neither is there', { ...USUAL, trees: [] }, { status: 1 }],
  ['no pointer', { trees: ['xo.7'] }, { status: 1 }],
  ['a pointer to no configuration', { ...USUAL, boot: 'config.13' }, { status: 1 }],
  ['a pointer out of the folder', { ...USUAL, boot: '../rootfs/config.12' }, { status: 1 }],
  ['a pointer to a tree', { ...USUAL, boot: 'xo.7' }, { status: 1 }],
  ['a pointer with a leading zero', { ...USUAL, boot: 'config.012' }, { status: 1 }],
  ...[
    '../../etc',
    '/etc',
    '../..',
    'xo.7',
    '../xo.7/../xo.7',
    '../xo.7.partial',
    '../xo.07',
    '../xo.7/',
    '../xo.',
    '../.7',
    '../config.12',
    '../XO.7',
    '../xo.7 ',
    '../x*.7',
    '../xo.1234567890',
    `../${'x'.repeat(65)}.7`,
    '',
  ].map((current): readonly [string, Setup, Outcome] => [
    `a current version named "${current}" is not followed`,
    { ...USUAL, current, trees: ['xo.6', 'xo.7', 'xo.7.partial', 'XO.7', 'xo.7 ', 'xo.07', 'xo.1234567890'] },
    { status: 0, chosen: 'xo.6', reason: 'unusable' },
  ]),
];

function shells(t: TestContext): { name: string; command: string; args: string[]; path: string }[] {
  const applets = join(tempFolder(t), 'applets');
  mkdirSync(applets);
  const installed = spawnSync('busybox', ['--install', '-s', applets]);
  assert.equal(installed.status, 0, 'busybox is there');
  const path = process.env.PATH ?? '';
  return [
    { name: 'dash', command: 'dash', args: [], path },
    { name: 'bash', command: 'bash', args: ['--posix'], path },
    { name: 'busybox', command: join(applets, 'sh'), args: [], path: applets },
  ];
}

function prepare(root: string, setup: Setup): void {
  const rootfs = join(root, 'rootfs');
  const config = join(rootfs, 'config.12');
  mkdirSync(config, { recursive: true });
  if (setup.boot) symlinkSync(setup.boot, join(rootfs, 'boot'));
  if (setup.current) symlinkSync(setup.current, join(config, 'current'));
  if (setup.previous) symlinkSync(setup.previous, join(config, 'previous'));
  for (const name of setup.tries ?? []) writeFileSync(join(config, name), '');
  for (const [name, text] of Object.entries(setup.marks ?? {})) writeFileSync(join(config, name), text);
  for (const name of setup.trees ?? []) mkdirSync(join(rootfs, name), { recursive: true });
}

test('the boot script chooses as the table says, in every shell', async (t) => {
  for (const shell of shells(t)) {
    for (const [title, setup, expected] of CASES) {
      await t.test(`${shell.name}: ${title}`, (t) => {
        const root = join(tempFolder(t), 'with space');
        prepare(root, setup);
        const run = join(root, 'run dir');
        const held = setup.keyHeld ? ['--key-held'] : [];
        const kernel = setup.kernel ? ['--kernel', setup.kernel] : [];
        const args = [...shell.args, SCRIPT, '--sysroot', root, '--run', run, ...held, ...kernel];
        const result = spawnSync(shell.command, args, { encoding: 'utf8', env: { PATH: shell.path } });
        assert.equal(result.status, expected.status, result.stderr);
        assert.match(result.stderr, /^(ripple: [^\n]+\n){1,2}$/);
        const names = setup.boot === 'config.12' ? readdirSync(join(root, 'rootfs/config.12')) : [];
        if (expected.tries)
          assert.deepEqual(
            names.filter((name) => name.startsWith('tries')),
            expected.tries,
          );
        const marks = names.filter((name) => !/^(tries|current|previous$)/.test(name)).sort();
        if (expected.marks) assert.deepEqual(marks, expected.marks);
        const booted = readBooted(join(run, 'booted'));
        if (expected.chosen === undefined) {
          assert.equal(result.stdout, '');
          assert.equal(booted, undefined);
          return;
        }
        assert.equal(result.stdout, `${join(root, 'rootfs', expected.chosen)}\n`);
        assert.deepEqual(booted && `${booted.deployment.image}.${booted.deployment.version}`, expected.chosen);
        assert.equal(booted?.reason, expected.reason);
        assert.equal(booted?.config, 12);
        assert.equal(booted?.from && `${booted.from.image}.${booted.from.version}`, expected.from);
        assert.deepEqual(readdirSync(run), ['booted']);
        assert.equal(booted?.unhealthy, expected.unhealthy);
      });
    }
  }
});

test('a tree that is a symbolic link is not started', (t) => {
  const root = tempFolder(t);
  prepare(root, { ...USUAL, trees: ['xo.6', 'elsewhere'] });
  symlinkSync('elsewhere', join(root, 'rootfs/xo.7'));
  const result = spawnSync('dash', [SCRIPT, '--sysroot', root, '--run', root], { encoding: 'utf8' });
  assert.equal(result.stdout, `${join(root, 'rootfs/xo.6')}\n`);
});

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
