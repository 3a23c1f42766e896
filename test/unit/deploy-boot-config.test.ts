import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bless, choose, readBootConfig } from '../../service/deploy/boot-config.ts';
import { parseBooted, readBooted } from '../../service/deploy/booted.ts';
import type { Layout } from '../../service/deploy/layout.ts';
import { TestSysroot, xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

function withTrees(root: string, ...versions: number[]): Layout {
  const { layout } = new TestSysroot(root);
  for (const version of versions) mkdirSync(layout.deployment(xo(version)));
  return layout;
}

test('a choice is written as the layout says, and read back', (t) => {
  const layout = withTrees(tempFolder(t), 6, 7);
  assert.equal(readBootConfig(layout), undefined);
  const first = choose(layout, { current: xo(6) });
  assert.deepEqual(first, { number: 1, current: xo(6) });
  assert.deepEqual(readBootConfig(layout), first);

  const second = choose(layout, { current: xo(7), previous: xo(6), tries: 3 });
  assert.deepEqual(second, { number: 2, current: xo(7), previous: xo(6), triesLeft: 3 });
  assert.deepEqual(readBootConfig(layout), second);
  const { rootfs } = layout;
  const links = ['boot', 'current', 'previous', 'config.2/current', 'config.2/previous'].map((name) =>
    readlinkSync(join(rootfs, name)),
  );
  assert.deepEqual(links, ['config.2', 'boot/current', 'boot/previous', '../xo.7', '../xo.6']);
  assert.deepEqual(readdirSync(join(rootfs, 'config.2')), ['current', 'previous', 'tries+3']);
  assert.ok(statSync(join(rootfs, 'current')).isDirectory());
});

test('a new choice never takes the number of a configuration that is there', (t) => {
  const layout = withTrees(tempFolder(t), 6);
  choose(layout, { current: xo(6) });
  mkdirSync(layout.config(41));
  writeFileSync(join(layout.config(41), 'tries+0'), '');
  assert.equal(choose(layout, { current: xo(6) }).number, 42);
  assert.equal(readBootConfig(layout)?.triesLeft, undefined);
});

test('blessing takes away the tries, all of them, and again does nothing', (t) => {
  const layout = withTrees(tempFolder(t), 6);
  bless(layout);
  choose(layout, { current: xo(6), tries: 3 });
  writeFileSync(join(layout.config(1), 'tries+1'), '');
  assert.equal(readBootConfig(layout)?.triesLeft, 1);
  bless(layout);
  assert.equal(readBootConfig(layout)?.triesLeft, undefined);
  bless(layout);
  assert.deepEqual(readdirSync(layout.config(1)), ['current']);
});

test('a version that is not on the disk cannot be chosen, nor with silly tries; the old choice stands', (t) => {
  const layout = withTrees(tempFolder(t), 6);
  choose(layout, { current: xo(6) });
  assert.throws(() => choose(layout, { current: xo(7) }), /xo\.7/);
  assert.throws(() => choose(layout, { current: xo(6), previous: xo(5) }), /xo\.5/);
  for (const tries of [0, -1, 1.5, 100, Number.NaN])
    assert.throws(() => choose(layout, { current: xo(6), tries }), { code: 'InvalidArgument' });
  assert.equal(readBootConfig(layout)?.number, 1);
});

test('leftovers of a choice that was cut short are in nobody’s way', (t) => {
  const layout = withTrees(tempFolder(t), 6, 7);
  choose(layout, { current: xo(6) });
  mkdirSync(layout.config(2));
  for (const name of ['boot.new', 'current.new']) symlinkSync('nowhere', join(layout.rootfs, name));
  choose(layout, { current: xo(7) });
  assert.deepEqual(readBootConfig(layout)?.current, xo(7));
});

test('a pointer that says nothing sensible is damage, told by its name', (t) => {
  const layout = withTrees(tempFolder(t), 6);
  choose(layout, { current: xo(6) });
  const damages: readonly [string, string | undefined][] = [
    ['config.1/current', '../../etc'],
    ['config.1/current', undefined],
    ['config.1/previous', '/etc'],
    ['boot', 'xo.6'],
    ['boot', 'config.01'],
  ];
  for (const [name, target] of damages) {
    const path = join(layout.rootfs, name);
    const before = name === 'config.1/previous' ? undefined : readlinkSync(path);
    rmSync(path, { force: true });
    if (target) symlinkSync(target, path);
    assert.throws(() => readBootConfig(layout), { code: 'IoError', message: /damaged/ }, `${name} -> ${target}`);
    rmSync(path, { force: true });
    if (before) symlinkSync(before, path);
  }
  rmSync(layout.bootPointer);
  writeFileSync(layout.bootPointer, 'config.1');
  assert.throws(() => readBootConfig(layout), { code: 'IoError', message: /not a symbolic link/ });
});

test('the marker of the boot script is read, and nothing else is taken for it', (t) => {
  const path = join(tempFolder(t), 'booted');
  assert.equal(readBooted(path), undefined);
  writeFileSync(path, 'deployment=xo.6\nreason=tries-used-up\nconfig=12\nfrom=xo.7\nlater=unknown key\n');
  assert.deepEqual(readBooted(path), { deployment: xo(6), reason: 'tries-used-up', config: 12, from: xo(7) });
  for (const text of [
    '',
    'deployment=xo.6\n',
    'deployment=../xo.6\nreason=normal\nconfig=1\n',
    'deployment=xo.6\nreason=odd\nconfig=1\n',
  ])
    assert.equal(parseBooted(text), undefined, text);
  assert.equal(parseBooted(`deployment=xo.6\nreason=normal\nconfig=1\n${'x'.repeat(5000)}`), undefined);
  writeFileSync(path, 'garbage');
  assert.throws(() => readBooted(path), { code: 'IoError' });
});
