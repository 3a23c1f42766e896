import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { FileEntry } from '../../../service/core/entry.ts';
import { formatManifest } from '../../../service/image/manifest.ts';
import { BlobIndex, readFileLine } from '../../../service/store/blob-index.ts';

const root = { path: '.', type: 'dir', mode: 0o755, uid: 0, gid: 0, timeNs: 0n } as const;

function file(path: string, content: string, change: Partial<FileEntry> = {}): FileEntry {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, timeNs: 5n, sizeBytes: content.length, sha256, ...change };
}

function lineAt(manifest: Uint8Array, offset: number): string {
  const text = Buffer.from(manifest).toString('latin1');
  return text.slice(offset, text.indexOf('\n', offset));
}

test('every file is found again with its place and state', () => {
  const entries: FileEntry[] = Array.from({ length: 500 }, (_, i) =>
    file(`./f${String(i).padStart(4, '0')} \n\xff`, `content ${i}`, { timeNs: BigInt(i) * 1_000_000_007n }),
  );
  const manifest = Buffer.from(formatManifest([root, ...entries]));
  const index = BlobIndex.of(manifest);
  assert.equal(index.size, 500);
  for (const entry of entries) {
    const [offset, ...more] = index.offsets(entry.sha256);
    assert.ok(offset !== undefined);
    assert.equal(more.length, 0);
    const { path, sizeBytes, timeNs, sha256 } = entry;
    assert.deepEqual(readFileLine(lineAt(manifest, offset)), { path, sizeBytes, timeNs, sha256 });
  }
  assert.deepEqual(index.offsets('0'.repeat(64)), []);
  assert.deepEqual(index.offsets('f'.repeat(64)), []);
});

test('copies are all found, in order and up to a bound; links, folders and comments are not', () => {
  const same = Array.from({ length: 20 }, (_, i) => file(`./c${String(i).padStart(2, '0')}`, 'same'));
  const value = Buffer.from(`\n sha256=${'a'.repeat(64)}`);
  const tagged = file('./x', 'tagged', { xattrs: [{ name: 'user.x', value }] });
  const link = { ...root, path: './l', type: 'link', target: `sha256=${'a'.repeat(64)}` } as const;
  const manifest = Buffer.from(formatManifest([root, ...same, link, tagged]));
  const index = BlobIndex.of(manifest);
  assert.equal(index.size, 21);
  const offsets = index.offsets(same[0]?.sha256 ?? '');
  assert.equal(offsets.length, 8);
  assert.deepEqual(
    offsets.map((offset) => readFileLine(lineAt(manifest, offset)).path),
    same.slice(0, 8).map(({ path }) => path),
  );
  assert.deepEqual(index.offsets('a'.repeat(64)), []);
});

test('100,000 files cost 38 bytes each', () => {
  const lines = ['#mtree v2.0\n'];
  for (let i = 0; i < 100_000; i++)
    lines.push(`./f${i} type=file size=1 sha256=${createHash('sha256').update(String(i)).digest('hex')}\n`);
  const index = BlobIndex.of(Buffer.from(lines.join('')));
  assert.equal(index.size, 100_000);
  assert.ok(index.heldBytes < 4_000_000);
  assert.equal(index.offsets(createHash('sha256').update('77777').digest('hex')).length, 1);
});
