import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { setTimes, setXattr } from '../../service/sys/libc.ts';
import { DeployedPair, keepTime, scribble } from '../helpers/deployed-pair.ts';
import { smallImage } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

test('every kind of damage is found and told, and gone after repair', async (t) => {
  const cases: readonly [string, (root: string) => void, readonly string[]][] = [
    ['content', (root) => scribble(join(root, 'etc/version')), ['./etc/version content']],
    ['size', (root) => appendFileSync(join(root, 'etc/version'), 'more'), ['./etc/version size']],
    ['mode', (root) => chmodSync(join(root, 'etc/version'), 0o666), ['./etc/version mode']],
    ['time', (root) => utimesSync(join(root, 'etc/version'), 1, 1), ['./etc/version time']],
    [
      'missing',
      (root) => keepTime(join(root, 'etc'), () => rmSync(join(root, 'etc/version'))),
      ['./etc/version missing'],
    ],
    [
      'xattrs',
      (root) => setXattr(Buffer.from(join(root, 'etc/version')), 'user.x', Buffer.from('1')),
      ['./etc/version xattrs'],
    ],
    ['folder mode', (root) => chmodSync(join(root, 'etc'), 0o777), ['./etc mode']],
    ['folder time', (root) => utimesSync(join(root, 'usr/lib'), 1, 1), ['./usr/lib time']],
    ['root mode', (root) => chmodSync(root, 0o700), ['. mode']],
    [
      'extra',
      (root) =>
        keepTime(root, () => {
          mkdirSync(join(root, 'extra/deep'), { recursive: true });
          writeFileSync(join(root, 'extra/deep/file'), '');
        }),
      ['./extra extra'],
    ],
    [
      'link target',
      (root) =>
        keepTime(root, () => {
          const { mtimeNs } = lstatSync(join(root, 'lib'), { bigint: true });
          rmSync(join(root, 'lib'));
          symlinkSync('usr/LIB', join(root, 'lib'));
          setTimes(Buffer.from(join(root, 'lib')), mtimeNs);
        }),
      ['./lib target'],
    ],
    [
      'file where a folder should be',
      (root) =>
        keepTime(root, () => {
          rmSync(join(root, 'etc'), { recursive: true });
          writeFileSync(join(root, 'etc'), '');
        }),
      ['./etc type', './etc/same missing', './etc/touched missing', './etc/version missing'],
    ],
    [
      'folder where a file should be',
      (root) =>
        keepTime(join(root, 'etc'), () => {
          rmSync(join(root, 'etc/version'));
          mkdirSync(join(root, 'etc/version/deep'), { recursive: true });
        }),
      ['./etc/version type'],
    ],
    [
      'a hard link that became a copy',
      (root) =>
        keepTime(join(root, 'bin'), () => {
          const path = join(root, 'bin/cat');
          const { mtimeNs } = lstatSync(path, { bigint: true });
          const content = readFileSync(path);
          rmSync(path);
          writeFileSync(path, content, { mode: 0o755 });
          setTimes(Buffer.from(path), mtimeNs);
        }),
      ['./bin/cat hard link'],
    ],
  ];
  for (const [title, damage, expected] of cases) {
    await t.test(title, async (t) => {
      const pair = await DeployedPair.in(tempFolder(t));
      damage(pair.seven);
      const found = await pair.damaged(7);
      assert.deepEqual(
        found.map(({ path, reason }) => `${path} ${reason}`),
        expected,
      );
      assert.deepEqual(await pair.repair(found), { repaired: found.length, failed: [] });
      assert.deepEqual(await pair.damaged(7), []);
      assert.deepEqual(await pair.damaged(6), []);
      assert.deepEqual(readdirSync(pair.sysroot.layout.state).sort(), ['blobs', 'manifests', 'releases']);
    });
  }
});

test('verifying can be stopped, and says when there is no tree', async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  const { entries } = smallImage(7);
  await assert.rejects(verifyDeployment(pair.seven, entries, { signal: AbortSignal.abort() }), { code: 'Cancelled' });
  await assert.rejects(verifyDeployment(join(pair.seven, 'none'), entries), { code: 'UnknownVersion' });
  const seen: number[] = [];
  const result = await verifyDeployment(pair.seven, entries, {
    rateBytesPerSecond: 1e9,
    onProgress: (done) => seen.push(done),
  });
  assert.equal(result.checked, entries.length);
  assert.ok((seen.at(-1) ?? 0) > 70_000);
});

test('who reads slowly tells how far it is, too', async (t) => {
  const pair = await DeployedPair.in(tempFolder(t));
  const { entries } = smallImage(7);
  const stop = new AbortController();
  const told: number[] = [];
  const slow = verifyDeployment(pair.seven, entries, {
    rateBytesPerSecond: 20_000,
    signal: stop.signal,
    onProgress: (done, total) => {
      told.push(done / total);
      if (done > 0) stop.abort();
    },
  });
  await assert.rejects(slow, { code: 'Cancelled' });
  assert.ok((told.at(-1) ?? 1) < 1, `only at the end it said how far it was: ${told}`);
});
