import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  getXattr,
  listXattrs,
  mkfifo,
  mknod,
  removeXattr,
  renameExchange,
  renameNoReplace,
  seekData,
  seekHole,
  setTimes,
  setXattr,
  syncFileSystem,
  tryLock,
} from '../../../service/sys/libc.ts';
import { tempFolder } from '../../helpers/temp.ts';

const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' };
const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');

test('mknod makes character and block devices with the wanted numbers', asRoot, (t) => {
  const folder = tempFolder(t);
  mknod(bytes(join(folder, 'null')), constants.S_IFCHR | 0o600, 0x103);
  mknod(bytes(join(folder, 'disk')), constants.S_IFBLK | 0o600, 0x801);
  const found = spawnSync('stat', ['-c', '%F %t:%T', join(folder, 'null'), join(folder, 'disk')], { encoding: 'utf8' });
  assert.equal(found.stdout, 'character special file 1:3\nblock special file 8:1\n');
});

test('mkfifo makes a fifo, also under a name that is not UTF-8', (t) => {
  const path = Buffer.concat([bytes(tempFolder(t)), bytes('/caf\xe9\n')]);
  mkfifo(path, 0o600);
  assert.ok(lstatSync(path).isFIFO());
});

test('a failing call throws an error like those of Node', (t) => {
  const path = join(tempFolder(t), 'no', 'fifo');
  assert.throws(() => mkfifo(bytes(path), 0o600), {
    code: 'ENOENT',
    syscall: 'mkfifo',
    path,
    message: `ENOENT: no such file or directory, mkfifo '${path}'`,
  });
});

test('a path with a NUL byte is refused instead of being cut there', (t) => {
  const folder = tempFolder(t);
  assert.throws(() => mkfifo(bytes(`${folder}/a\0b`), 0o600), { code: 'EINVAL' });
  assert.throws(() => lstatSync(`${folder}/a`), { code: 'ENOENT' });
});

test('extended attributes of any size and bytes round-trip', (t) => {
  const path = bytes(join(tempFolder(t), 'file'));
  writeFileSync(path, '');
  assert.deepEqual(listXattrs(path), []);
  const values = new Map<string, Buffer>([
    ['user.empty', Buffer.alloc(0)],
    ['user.bytes', Buffer.from([0, 255, 10])],
    ['user.caf\xe9', Buffer.from('x')],
    ['user.large', Buffer.alloc(3000, 7)],
  ]);
  for (const [name, value] of values) setXattr(path, name, value);
  assert.deepEqual(listXattrs(path).sort(), [...values.keys()].sort());
  for (const [name, value] of values) assert.deepEqual(getXattr(path, name), value);
  removeXattr(path, 'user.large');
  assert.throws(() => getXattr(path, 'user.large'), { code: 'ENODATA' });
});

test('more attribute names than fit the first buffer are all listed', (t) => {
  const path = bytes(join(tempFolder(t), 'file'));
  writeFileSync(path, '');
  const names = Array.from({ length: 12 }, (_, i) => `user.${'n'.repeat(150)}${String(i).padStart(2, '0')}`);
  for (const name of names) setXattr(path, name, Buffer.alloc(0));
  assert.deepEqual(listXattrs(path).sort(), names);
});

test('attributes and times of a symbolic link are its own', asRoot, (t) => {
  const folder = tempFolder(t);
  const link = bytes(join(folder, 'link'));
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('file', link);
  setXattr(link, 'trusted.mine', Buffer.from('1'));
  setTimes(link, 5_000_000_001n);
  assert.deepEqual(listXattrs(link), ['trusted.mine']);
  assert.deepEqual(listXattrs(bytes(join(folder, 'file'))), []);
  assert.equal(lstatSync(link, { bigint: true }).mtimeNs, 5_000_000_001n);
  assert.notEqual(lstatSync(join(folder, 'file'), { bigint: true }).mtimeNs, 5_000_000_001n);
});

test('times are exact to the nanosecond, before 1970 too', (t) => {
  const path = bytes(join(tempFolder(t), 'file'));
  writeFileSync(path, '');
  for (const timeNs of [0n, 1n, 1_700_000_000_123_456_789n, -1n, -1_000_000_000n, -1_500_000_000n]) {
    setTimes(path, timeNs);
    const found = lstatSync(path, { bigint: true });
    assert.equal(found.mtimeNs, timeNs);
    assert.equal(found.atimeNs, timeNs);
  }
});

test('syncFileSystem resolves on a folder and rejects where there is none', async (t) => {
  const folder = tempFolder(t);
  await syncFileSystem(folder);
  await assert.rejects(syncFileSystem(join(folder, 'no')), { code: 'ENOENT' });
});

test('renames swap two names, and never replace one unasked', (t) => {
  const folder = tempFolder(t);
  const a = bytes(join(folder, 'a'));
  const b = bytes(join(folder, 'b'));
  writeFileSync(a, 'a');
  writeFileSync(b, 'b');
  renameExchange(a, b);
  assert.equal(readFileSync(a, 'utf8'), 'b');
  assert.throws(() => renameNoReplace(a, b), { code: 'EEXIST' });
  assert.equal(readFileSync(b, 'utf8'), 'a');
  renameNoReplace(a, bytes(join(folder, 'c')));
  assert.equal(readFileSync(join(folder, 'c'), 'utf8'), 'b');
});

test('a lock is held by one open file at a time', (t) => {
  const path = join(tempFolder(t), 'lock');
  const first = openSync(path, 'w');
  const second = openSync(path, 'w');
  assert.equal(tryLock(first), true);
  assert.equal(tryLock(second), false);
  closeSync(first);
  assert.equal(tryLock(second), true);
  closeSync(second);
  assert.throws(() => tryLock(second), { code: 'EBADF' });
});

test('data and holes of a sparse file are found', (t) => {
  const fd = openSync(join(tempFolder(t), 'sparse'), 'w+');
  const size = 4 << 20;
  ftruncateSync(fd, size);
  writeSync(fd, 'data', 1 << 20);
  assert.equal(seekData(fd, 0), 1 << 20);
  const hole = seekHole(fd, 1 << 20);
  assert.ok(hole !== undefined && hole > 1 << 20 && hole < size);
  assert.equal(seekData(fd, hole), undefined);
  assert.equal(seekHole(fd, size), undefined);
  closeSync(fd);
});
