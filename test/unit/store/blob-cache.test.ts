import assert from 'node:assert/strict';
import { existsSync, linkSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HashMismatchError } from '../../../service/api/errors.ts';
import { BlobCache } from '../../../service/store/blob-cache.ts';
import { oneBlob, randomBlobs } from '../../helpers/blobs.ts';
import { tempFolder } from '../../helpers/temp.ts';

test('a small blob is put whole, readable by root alone', (t) => {
  const cache = new BlobCache(tempFolder(t));
  const { ref, bytes } = oneBlob(1000);
  assert.ok(!cache.has(ref));
  cache.put(ref, bytes);
  assert.ok(cache.has(ref));
  assert.equal(statSync(cache.path(ref.sha256)).mode & 0o777, 0o600);
  assert.ok(readFileSync(cache.path(ref.sha256)).equals(bytes));
});

test('wrong bytes are never written', (t) => {
  const folder = tempFolder(t);
  const cache = new BlobCache(folder);
  const { ref, bytes } = oneBlob(1000);
  bytes[500] = (bytes[500] ?? 0) ^ 1;
  assert.throws(() => cache.put(ref, bytes), HashMismatchError);
  assert.deepEqual(readdirSync(folder), []);
});

test('a part goes on where it stopped, also in another process', async (t) => {
  const folder = tempFolder(t);
  const { ref, bytes } = oneBlob(300_000);
  const first = await new BlobCache(folder).openPart(ref);
  first.append(bytes.subarray(0, 100_000));
  first.close();

  const cache = new BlobCache(folder);
  assert.equal(cache.partialBytes(), 100_000);
  assert.equal(cache.partBytes(ref.sha256), 100_000);
  const second = await cache.openPart(ref);
  assert.equal(second.offset, 100_000);
  second.append(bytes.subarray(100_000, 200_000));
  second.close();
  assert.ok(!cache.has(ref));

  const third = await cache.openPart(ref);
  third.append(bytes.subarray(200_000));
  third.finish();
  assert.ok(cache.has(ref));
  assert.equal(cache.partialBytes(), 0);
  assert.ok(readFileSync(cache.path(ref.sha256)).equals(bytes));
});

test('more bytes than known are refused before they are written', async (t) => {
  const folder = tempFolder(t);
  const cache = new BlobCache(folder);
  const { ref, bytes } = oneBlob(1000);
  const writer = await cache.openPart(ref);
  assert.throws(() => writer.append(Buffer.concat([bytes, Buffer.from('x')])), /more than 1000 bytes/);
  writer.close();
  assert.equal(statSync(join(folder, `${ref.sha256}.part`)).size, 0);
});

test('a part that is wrong or short gets no name', async (t) => {
  const cache = new BlobCache(tempFolder(t));
  const { ref, bytes } = oneBlob(1000);
  const short = await cache.openPart(ref);
  short.append(bytes.subarray(0, 999));
  assert.throws(() => short.finish(), HashMismatchError);
  cache.drop(ref.sha256);
  const wrong = await cache.openPart(ref);
  assert.equal(wrong.offset, 0);
  wrong.append(Buffer.alloc(1000));
  assert.throws(() => wrong.finish(), HashMismatchError);
  assert.ok(!existsSync(cache.path(ref.sha256)));
});

test('what an earlier process left is doubtful until it was read again', async (t) => {
  const folder = tempFolder(t);
  const [good, torn, short] = randomBlobs(3, 5000);
  assert.ok(good && torn && short);
  const before = new BlobCache(folder);
  for (const { ref, bytes } of [good, torn, short]) before.put(ref, bytes);
  // What a power cut leaves of a file that was never synced: its length and zeros.
  writeFileSync(join(folder, torn.ref.sha256), Buffer.alloc(5000));
  writeFileSync(join(folder, short.ref.sha256), '');

  const cache = new BlobCache(folder);
  for (const { ref } of [good, torn, short]) {
    assert.ok(!cache.has(ref));
    assert.ok(cache.isDoubtful(ref.sha256));
  }
  assert.equal(await cache.rehash(good.ref), true);
  assert.equal(await cache.rehash(torn.ref), false);
  assert.equal(await cache.rehash(short.ref), false);
  assert.ok(cache.has(good.ref));
  assert.deepEqual(readdirSync(folder), [good.ref.sha256]);
});

test('a part longer than the blob, or one that is a link, is thrown away', async (t) => {
  const folder = tempFolder(t);
  const victim = join(tempFolder(t), 'victim');
  writeFileSync(victim, 'precious');
  const [long, link] = randomBlobs(2, 100);
  assert.ok(long && link);
  writeFileSync(join(folder, `${long.ref.sha256}.part`), Buffer.alloc(101));
  symlinkSync(victim, join(folder, `${link.ref.sha256}.part`));
  const cache = new BlobCache(folder);
  for (const { ref, bytes } of [long, link]) {
    const writer = await cache.openPart(ref);
    assert.equal(writer.offset, 0);
    writer.append(bytes);
    writer.finish();
    assert.ok(cache.has(ref));
  }
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
});

test('clear keeps what it is told to keep, and names that are not its own', async (t) => {
  const folder = tempFolder(t);
  const [notes, other] = randomBlobs(2, 100);
  assert.ok(notes && other);
  const cache = new BlobCache(folder);
  cache.put(notes.ref, notes.bytes);
  cache.put(other.ref, other.bytes);
  const part = await cache.openPart(oneBlob(10).ref);
  part.close();
  writeFileSync(join(folder, 'README'), '');
  cache.clear(new Set([notes.ref.sha256]));
  assert.deepEqual(readdirSync(folder).sort(), [notes.ref.sha256, 'README'].sort());
  assert.equal(cache.partialBytes(), 0);
});

test('a blob that is put again gets a new file: the old one may be a part of a tree by now', (t) => {
  const folder = tempFolder(t);
  const cache = new BlobCache(folder);
  const { ref, bytes } = oneBlob(1000);
  cache.put(ref, bytes);
  const inTree = join(folder, 'in-a-tree');
  linkSync(cache.path(ref.sha256), inTree);
  cache.put(ref, bytes);
  assert.notEqual(statSync(inTree).ino, statSync(cache.path(ref.sha256)).ino);
  assert.ok(readFileSync(inTree).equals(bytes));
});
