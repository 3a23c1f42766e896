/** The little programs of the running system that speak to the boot script, in folders instead of /sysroot and /run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { tempFolder } from '../helpers/temp.ts';

const PROGRAMS = join(PROJECT_ROOT, 'assets/libexec');

/** xo.7 runs, is chosen, and is on trial, unless told otherwise. */
class Started {
  readonly root: string;
  readonly config: string;
  readonly run: string;

  constructor(t: TestContext, { tries = true, running = 'xo.7', pointer = 'config.12' } = {}) {
    this.root = tempFolder(t);
    this.run = join(this.root, 'run');
    const rootfs = join(this.root, 'rootfs');
    this.config = join(rootfs, 'config.12');
    for (const folder of [this.run, this.config, join(rootfs, 'xo.7'), join(this.root, 'bin')])
      mkdirSync(folder, { recursive: true });
    symlinkSync(pointer, join(rootfs, 'boot'));
    symlinkSync('../xo.7', join(this.config, 'current'));
    if (tries) writeFileSync(join(this.config, 'tries+2'), '');
    writeFileSync(join(this.run, 'booted'), `deployment=${running}\nreason=normal\nconfig=12\n`);
  }

  do(program: string, ...args: readonly string[]): { status: number | null; told: string } {
    const { status, stderr } = spawnSync('dash', [join(PROGRAMS, program), ...args], {
      encoding: 'utf8',
      env: {
        PATH: `${join(this.root, 'bin')}:/usr/bin:/bin`,
        RIPPLE_SYSROOT: this.root,
        RIPPLE_RUN: this.run,
        RIPPLE_HEALTH: join(this.root, 'health.d'),
      },
    });
    return { status, told: stderr };
  }

  marks(): string[] {
    return readdirSync(this.config)
      .filter((name) => name !== 'current')
      .sort();
  }

  /** A program on the PATH, or a health check. */
  put(folder: 'bin' | 'health.d', name: string, text: string, mode = 0o755): void {
    mkdirSync(join(this.root, folder), { recursive: true });
    writeFileSync(join(this.root, folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(this.root, folder, name), mode);
  }
}

test('a version on trial leaves its mark; a blessed one, another one, another choice do not', (t) => {
  const started = new Started(t);
  assert.equal(started.do('ripple-mark', 'on-trial').status, 0);
  assert.equal(started.do('ripple-mark', 'alive').status, 0);
  assert.deepEqual(started.marks(), ['alive', 'tries+2']);
  for (const other of [{ tries: false }, { running: 'xo.6' }, { pointer: 'config.13' }]) {
    const quiet = new Started(t, other);
    assert.notEqual(quiet.do('ripple-mark', 'on-trial').status, 0, JSON.stringify(other));
    for (const mark of ['alive', 'unhealthy']) assert.equal(quiet.do('ripple-mark', mark).status, 0);
    assert.ok(!existsSync(join(quiet.config, 'alive')) && !existsSync(join(quiet.config, 'unhealthy')));
  }
});

test('a failed check outweighs having come to life', (t) => {
  const started = new Started(t);
  started.do('ripple-mark', 'alive');
  started.do('ripple-mark', 'unhealthy', 'wireless');
  assert.deepEqual(started.marks(), ['tries+2', 'unhealthy']);
  assert.equal(readFileSync(join(started.config, 'unhealthy'), 'utf8'), 'wireless\n');
  started.do('ripple-mark', 'alive');
  assert.deepEqual(started.marks(), ['tries+2', 'unhealthy']);
});

test('well is who answers on the bus and passes every check', (t) => {
  const started = new Started(t);
  started.put('bin', 'busctl', 'exit 0');
  started.put('health.d', 'first', `touch ${started.root}/first-ran`);
  started.put('health.d', 'readme', 'exit 1', 0o644);
  assert.equal(started.do('ripple-healthy').status, 0);
  assert.ok(existsSync(join(started.root, 'first-ran')));
  assert.ok(existsSync(join(started.run, 'healthy')));
  assert.deepEqual(started.marks(), ['tries+2']);
});

test('a check that fails is named, and nobody is called well', (t) => {
  const started = new Started(t);
  started.put('bin', 'busctl', 'exit 0');
  started.put('health.d', 'wireless', 'exit 3');
  const { status, told } = started.do('ripple-healthy');
  assert.equal(status, 1);
  assert.match(told, /health check failed: wireless/);
  assert.ok(!existsSync(join(started.run, 'healthy')));
  assert.equal(readFileSync(join(started.config, 'unhealthy'), 'utf8'), 'wireless\n');
});

test('no checks at all: the bus decides; a daemon that never answers is not well', (t) => {
  const started = new Started(t);
  started.put('bin', 'busctl', 'exit 0');
  assert.equal(started.do('ripple-healthy').status, 0);
  const deaf = new Started(t);
  deaf.put('bin', 'busctl', 'exit 1');
  deaf.put('bin', 'sleep', 'exit 0');
  assert.equal(deaf.do('ripple-healthy').status, 1);
  assert.equal(readFileSync(join(deaf.config, 'unhealthy'), 'utf8'), 'the updater does not answer\n');
});

test('the rescue gets its kernel from a version that is well, once', (t) => {
  const started = new Started(t);
  const tree = join(started.root, 'rootfs/xo.7');
  mkdirSync(join(tree, 'boot'));
  for (const name of ['vmlinuz', 'initrd.img']) {
    writeFileSync(join(tree, 'boot', name), `${name} of 7`);
    symlinkSync(`boot/${name}`, join(tree, name));
  }
  const rescue = join(started.root, 'rescue');
  assert.equal(started.do('ripple-keep-rescue').status, 0);
  assert.ok(!existsSync(rescue), 'not of a version on trial');
  rmSync(join(started.config, 'tries+2'));
  for (const name of ['rescue.new', 'rescue.old']) mkdirSync(join(started.root, name));
  assert.equal(started.do('ripple-keep-rescue').status, 0);
  assert.deepEqual(readdirSync(rescue).sort(), ['initrd.img', 'version', 'vmlinuz']);
  assert.equal(readFileSync(join(rescue, 'vmlinuz'), 'utf8'), 'vmlinuz of 7');
  writeFileSync(join(rescue, 'vmlinuz'), 'as it was');
  assert.equal(started.do('ripple-keep-rescue').status, 0);
  assert.equal(readFileSync(join(rescue, 'vmlinuz'), 'utf8'), 'as it was', 'nothing is copied twice');
});
