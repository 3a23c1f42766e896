/** The boot script with sysroots made for it, in every shell that an initramfs may have. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readBooted } from '../../service/deploy/booted.ts';
import { PROJECT_ROOT } from './private-bus.ts';
import { tempFolder } from './temp.ts';

export const SCRIPT = join(PROJECT_ROOT, 'assets/boot/ripple-boot');

/** What the script finds. */
export interface Setup {
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

/** What is held against what it did; what is left out is not. */
export interface Outcome {
  readonly status: number;
  readonly chosen?: string;
  readonly reason?: string;
  readonly from?: string;
  readonly tries?: readonly string[];
  /** What of `marks` and of what the script writes itself is there afterwards. */
  readonly marks?: readonly string[];
  readonly unhealthy?: string;
}

export type Case = readonly [title: string, setup: Setup, outcome: Outcome];

/** A blessed version 7 with version 6 before it. */
export const USUAL = { boot: 'config.12', current: '../xo.7', previous: '../xo.6', trees: ['xo.6', 'xo.7'] };

/** Makes the sysroot that `setup` tells of. */
export function prepare(root: string, setup: Setup): void {
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

/** Runs the script on every case in every shell that it is made for, and holds what it chose against what the case says. */
export async function assertChoices(t: TestContext, cases: readonly Case[]): Promise<void> {
  for (const shell of shells(t))
    for (const [title, setup, outcome] of cases)
      await t.test(`${shell.name}: ${title}`, (t) => assertChoice(t, shell, setup, outcome));
}

function assertChoice(t: TestContext, shell: Shell, setup: Setup, expected: Outcome): void {
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
}

interface Shell {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly path: string;
}

function shells(t: TestContext): Shell[] {
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
