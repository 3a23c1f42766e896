import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keepEtc } from '../../service/daemon/etc-keeper.ts';
import { Layout } from '../../service/deploy/layout.ts';
import { bothChanged, stillDiffers } from '../../service/deploy/own-etc.ts';
import { mknod } from '../../service/sys/libc.ts';
import { silentLogger } from '../helpers/blobs.ts';
import { tempFolder } from '../helpers/temp.ts';

const [SIX, SEVEN] = [
  { image: 'xo', version: 6 },
  { image: 'xo', version: 7 },
];

/** A sysroot whose versions differ in `yours` and `ours`; the laptop changed `mine` and `ours`. */
function sysroot(t: TestContext): { layout: Layout; marker: string; put(path: string, text: string): void } {
  const root = tempFolder(t);
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const name of ['mine', 'yours', 'deep/ours']) put(`rootfs/xo.6/etc/${name}`, 'six');
  put('rootfs/xo.7/etc/mine', 'six');
  for (const name of ['yours', 'deep/ours']) put(`rootfs/xo.7/etc/${name}`, 'seven');
  for (const name of ['mine', 'deep/ours', 'new']) put(`laptop/etc/${name}`, 'laptop');
  mkdirSync(join(root, 'ripple'));
  return { layout: new Layout(root), marker: join(root, 'run/booted'), put };
}

function layersOf(layout: Layout): { own: string; before: string; after: string } {
  const etc = (version: number): string => join(layout.deployment({ image: 'xo', version }), 'etc');
  return { own: layout.ownEtc, before: etc(6), after: etc(7) };
}

test('only what both changed, each its own way, counts', (t) => {
  const { layout } = sysroot(t);
  assert.deepEqual(bothChanged(layersOf(layout)), ['deep/ours']);
});

test('the same change on both sides is none', (t) => {
  const { layout, put } = sysroot(t);
  put('laptop/etc/deep/ours', 'seven');
  assert.deepEqual(bothChanged(layersOf(layout)), []);
});

test('rights, links, and files that one side took away count too', { skip: process.getuid?.() !== 0 }, (t) => {
  const { layout, put } = sysroot(t);
  chmodSync(join(layersOf(layout).after, 'mine'), 0o600);
  put('rootfs/xo.6/etc/link', 'a file');
  symlinkSync('elsewhere', join(layersOf(layout).after, 'link'));
  put('laptop/etc/link', 'changed');
  put('rootfs/xo.6/etc/gone', 'six');
  put('rootfs/xo.7/etc/gone', 'seven');
  mknod(Buffer.from(join(layout.ownEtc, 'gone')), 0o020000, 0);
  put('rootfs/xo.6/etc/dropped', 'six');
  put('laptop/etc/dropped', 'laptop');
  put('rootfs/xo.7/etc/new', 'seven');
  assert.deepEqual(bothChanged(layersOf(layout)), ['deep/ours', 'dropped', 'gone', 'link', 'mine', 'new']);
});

test('no /etc at all is no trouble', (t) => {
  const { layout } = sysroot(t);
  rmSync(layout.ownEtc, { recursive: true });
  assert.deepEqual(bothChanged(layersOf(layout)), []);
  assert.equal(stillDiffers(layersOf(layout), 'deep/ours'), false);
});

test('it is told from the first start of the new version until the copy is gone, and written down once', (t) => {
  const { layout, marker } = sysroot(t);
  const notice = join(dirname(marker), 'etc.json');
  keepEtc(layout, SIX, marker, silentLogger);
  assert.equal(existsSync(notice), false, 'nothing to tell on the version it began with');
  for (const start of ['first', 'second']) {
    keepEtc(layout, SEVEN, marker, silentLogger);
    const told = JSON.parse(readFileSync(notice, 'utf8'));
    assert.deepEqual(told.hidden, [{ path: 'deep/ours', version: 7 }], `${start} start`);
  }
  const history = readFileSync(layout.history, 'utf8').trim().split('\n');
  assert.equal(history.length, 1);
  assert.match(history[0] ?? '', /"event":"etc","version":7,"files":\["\/etc\/deep\/ours"\]/);

  rmSync(join(layout.ownEtc, 'deep/ours'));
  keepEtc(layout, SEVEN, marker, silentLogger);
  assert.equal(existsSync(notice), false);
});

test('going back tells nothing: the copies are older than that', (t) => {
  const { layout, marker } = sysroot(t);
  keepEtc(layout, SEVEN, marker, silentLogger);
  keepEtc(layout, SIX, marker, silentLogger);
  assert.equal(existsSync(join(dirname(marker), 'etc.json')), false);
});

test('a damaged record starts afresh', (t) => {
  const { layout, marker, put } = sysroot(t);
  put('ripple/etc.json', '{"deployment":7');
  keepEtc(layout, SEVEN, marker, silentLogger);
  assert.match(readFileSync(layout.etc, 'utf8'), /"deployment":"xo\.7"/);
});
