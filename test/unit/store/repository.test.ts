import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BlobBatch } from '../../../service/store/blob-batch.ts';
import { Repository } from '../../../service/store/repository.ts';
import { tempFolder } from '../../helpers/temp.ts';

const refOf = (bytes: Uint8Array) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  sizeBytes: bytes.length,
});

test('a blob that was put is there under its hash, readable by all', async (t) => {
  const repository = new Repository(join(tempFolder(t), 'deep', 'repository'));
  const bytes = Buffer.from('hello');
  assert.deepEqual(await repository.putBlob(bytes), refOf(bytes));
  const { sha256 } = refOf(bytes);
  assert.equal(readFileSync(repository.blobPath(sha256), 'utf8'), 'hello');
  assert.equal(statSync(repository.blobPath(sha256)).mode & 0o777, 0o644);
  assert.equal(await repository.hasBlob(sha256), true);
  assert.equal(await repository.hasBlob(sha256, 5), true);
  assert.equal(await repository.hasBlob(sha256, 6), false);
  assert.equal(await repository.hasBlob('0'.repeat(64)), false);
  assert.deepEqual(readdirSync(repository.root), ['blobs']);
});

test('a name that is not a hash never becomes a path', async (t) => {
  const repository = new Repository(tempFolder(t));
  for (const name of ['', '../x', 'A'.repeat(64), `${'a'.repeat(64)}\n`, `${'a'.repeat(63)}/`])
    assert.throws(() => repository.blobPath(name), { code: 'InvalidArgument' });
});

test('a blob from a file is a copy; other bytes than were hashed are refused by name', async (t) => {
  const folder = tempFolder(t);
  const repository = new Repository(join(folder, 'repository'));
  const path = Buffer.from(`${folder}/caf\xe9`, 'latin1');
  const bytes = Buffer.alloc(3_000_000, 'x');
  writeFileSync(path, bytes, { mode: 0o600 });
  const ref = refOf(bytes);
  writeFileSync(path, 'y', { flag: 'a' });
  await assert.rejects(repository.putBlobFromFile(path, ref), { code: 'IoError', message: /caf/ });
  assert.deepEqual(readdirSync(repository.blobs), []);
  writeFileSync(path, bytes);
  await repository.putBlobFromFile(path, ref);
  writeFileSync(path, 'other');
  assert.deepEqual(readFileSync(repository.blobPath(ref.sha256)), bytes);
  assert.equal(statSync(repository.blobPath(ref.sha256)).mode & 0o777, 0o644);
});

test('a blob that is there is not written again, one of the wrong size is replaced', async (t) => {
  const repository = new Repository(tempFolder(t));
  const { sha256 } = await repository.putBlob(Buffer.from('hello'));
  utimesSync(repository.blobPath(sha256), 1, 1);
  await repository.putBlob(Buffer.from('hello'));
  assert.equal(statSync(repository.blobPath(sha256)).mtimeMs, 1000);
  writeFileSync(repository.blobPath(sha256), 'hel');
  await repository.putBlob(Buffer.from('hello'));
  assert.equal(readFileSync(repository.blobPath(sha256), 'utf8'), 'hello');
});

test('nothing of a batch is a blob before its commit, or after it was discarded', async (t) => {
  const repository = new Repository(tempFolder(t));
  const kept = await repository.openBatch();
  const { sha256 } = await kept.addBytes(Buffer.from('kept'));
  assert.equal(await repository.hasBlob(sha256), false);
  const dropped = await repository.openBatch();
  await dropped.addBytes(Buffer.from('dropped'));
  await dropped.discard();
  assert.deepEqual(await kept.commit(), [{ sha256, sizeBytes: 4 }]);
  assert.deepEqual(readdirSync(repository.blobs), [sha256]);
  await repository.openBatch();
  await BlobBatch.discardAll(repository.root);
  assert.deepEqual(readdirSync(repository.root), ['blobs']);
});

test('documents are replaced whole, and only documents', async (t) => {
  const repository = new Repository(tempFolder(t));
  assert.equal(await repository.readDocument('images/xo/latest.pgp'), undefined);
  await repository.putDocument('images/xo/latest.pgp', Buffer.from('one'));
  await repository.putDocument('images/xo/latest.pgp', Buffer.from('two'));
  assert.equal((await repository.readDocument('images/xo/latest.pgp'))?.toString(), 'two');
  assert.deepEqual(readdirSync(join(repository.root, 'images/xo')), ['latest.pgp']);
  for (const path of [
    'blobs/x',
    'images/../x/1.pgp',
    '/etc/passwd',
    'keyring/x.pgp',
    'images/xo/1.pgp/x',
    'images/XO/1.pgp',
  ])
    await assert.rejects(repository.putDocument(path, Buffer.from('x')), { code: 'InvalidArgument' });
  mkdirSync(join(repository.root, 'keyring'));
  symlinkSync('/etc/hostname', join(repository.root, 'keyring/1.pgp'));
  await assert.rejects(repository.readDocument('keyring/1.pgp'), { code: 'ELOOP' });
});

test('images, versions and keyrings are listed in order, other names are not', async (t) => {
  const repository = new Repository(tempFolder(t));
  assert.deepEqual(await repository.images(), []);
  assert.deepEqual(await repository.versions('xo'), []);
  for (const name of ['images/xo/10', 'images/xo/9', 'images/xo/latest', 'images/school/1', 'keyring/2', 'keyring/1'])
    await repository.putDocument(`${name}.pgp`, Buffer.from(name));
  writeFileSync(join(repository.root, 'images/xo/007.pgp'), '');
  writeFileSync(join(repository.root, 'images/xo/.8.pgp.tmp'), '');
  mkdirSync(join(repository.root, 'images/Not an image'));
  assert.deepEqual(await repository.images(), ['school', 'xo']);
  assert.deepEqual(await repository.versions('xo'), [9, 10]);
  assert.deepEqual(await repository.keyringVersions(), [1, 2]);
  await assert.rejects(async () => repository.versions('../x'), { code: 'InvalidArgument' });
});

test('one writer at a time', async (t) => {
  const repository = new Repository(join(tempFolder(t), 'repository'));
  const unlock = await repository.lock();
  await assert.rejects(repository.lock(), { code: 'Busy', message: /repository/ });
  unlock();
  (await repository.lock())();
});
