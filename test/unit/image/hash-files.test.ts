import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashFiles } from '../../../service/image/hash-files.ts';
import { hashOpenFile } from '../../../service/image/hash-open-file.ts';
import { keepCopy } from '../../../service/image/keep.ts';
import { identityOf } from '../../../service/image/unchanged.ts';
import { mkfifo } from '../../../service/sys/libc.ts';
import { tempFolder } from '../../helpers/temp.ts';

const jobOf = (diskPath: string) => ({ diskPath, identity: identityOf(lstatSync(diskPath, { bigint: true })) });
const shaOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('hashes come back in the order of the jobs, whatever the sizes', async (t) => {
  const folder = tempFolder(t);
  const contents = Array.from({ length: 300 }, (_, i) => Buffer.alloc((i * 7919) % 30_000, i));
  contents.push(Buffer.alloc(3 << 20, 1), Buffer.alloc(1 << 20, 2), Buffer.alloc((1 << 20) - 1, 3));
  for (const [i, content] of contents.entries()) writeFileSync(join(folder, `${i}`), content);
  const hashes = await hashFiles(contents.map((_, i) => jobOf(join(folder, `${i}`))));
  assert.deepEqual(hashes, contents.map(shaOf));
  assert.deepEqual(await hashFiles([]), []);
});

test('something endless in the place of a file is not read', { timeout: 20_000 }, async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'file');
  writeFileSync(path, 'content');
  const { identity } = jobOf(path);
  mkfifo(Buffer.from(join(folder, 'fifo')), 0o600);
  for (const diskPath of ['/dev/zero', join(folder, 'fifo')])
    await assert.rejects(hashFiles([{ diskPath, identity }]), {
      code: 'IoError',
      message: /changed while it was read/,
    });
});

test('a file that grows while it is hashed is refused by the hashing itself', async (t) => {
  const path = join(tempFolder(t), 'file');
  writeFileSync(path, '');
  truncateSync(path, 400 << 20);
  let grown = false;
  const onBytes = (): void => {
    if (!grown) appendFileSync(path, 'more');
    grown = true;
  };
  await assert.rejects(hashFiles([jobOf(path)], { onBytes }), { code: 'IoError', message: /file changed while/ });
});

test('a file with more bytes than expected is not read to its end', (t) => {
  const path = join(tempFolder(t), 'file');
  writeFileSync(path, Buffer.alloc(5000));
  const fd = openSync(path, 'r');
  assert.equal(hashOpenFile(fd, 5000, Buffer.alloc(1000)).sizeBytes, 5000);
  assert.equal(hashOpenFile(fd, 1500, Buffer.alloc(1000)).sizeBytes, 2000);
  closeSync(fd);
});

test('one file that fails ends the whole, and says which', async (t) => {
  const folder = tempFolder(t);
  const names = Array.from({ length: 200 }, (_, i) => join(folder, `file ${i}`));
  for (const name of names) writeFileSync(name, name);
  const jobs = names.map(jobOf);
  writeFileSync(join(folder, 'file 77'), 'other');
  await assert.rejects(hashFiles(jobs), {
    code: 'IoError',
    message: `${folder}/file 77 changed while it was read; stop what writes to the tree and try again`,
  });
});

test('a copy that is not what was hashed is never kept', (t) => {
  const folder = tempFolder(t);
  const into = join(folder, 'into');
  mkdirSync(into);
  const content = Buffer.alloc(2 << 20, 'a');
  writeFileSync(join(folder, 'file'), content);
  const hashed = { sha256: shaOf(content), sizeBytes: content.length };
  writeFileSync(join(folder, 'file'), 'b', { flag: 'r+' });
  const keep = { existing: folder, into };
  const buffer = Buffer.alloc(1 << 20);
  assert.throws(() => keepCopy(keep, join(folder, 'file'), hashed, buffer), { code: 'IoError' });
  assert.ok(!readdirSync(into).includes(hashed.sha256));
  writeFileSync(join(folder, 'file'), content);
  keepCopy(keep, join(folder, 'file'), hashed, buffer);
  assert.deepEqual(readdirSync(into), [hashed.sha256]);
});
