import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseLatest, parseRelease } from '../../../service/image/documents.ts';
import { parseManifest } from '../../../service/image/manifest.ts';
import { type PublishOptions, publish } from '../../../service/publish/publish.ts';
import { releaseDate } from '../../../service/publish/release-date.ts';
import { readSignedMessage, writeSignedMessage } from '../../../service/sign/packets.ts';
import { Repository } from '../../../service/store/repository.ts';
import { tempFolder } from '../../helpers/temp.ts';

/** A document nobody signed: who may sign is not what these tests ask. */
const unsigned = async (payload: Uint8Array): Promise<Uint8Array> => writeSignedMessage(payload, []);

function setUp(t: TestContext): { tree: string; repository: Repository; options: PublishOptions } {
  const folder = tempFolder(t);
  const tree = join(folder, 'tree');
  const repository = new Repository(join(folder, 'repository'));
  mkdirSync(join(tree, 'bin'), { recursive: true });
  writeFileSync(join(tree, 'bin/hello'), 'hello', { mode: 0o755 });
  writeFileSync(join(tree, 'bin/hello again'), 'hello');
  writeFileSync(join(tree, 'bin/world'), 'world');
  writeFileSync(join(tree, 'large'), Buffer.alloc(2_000_000, 'x'));
  symlinkSync('hello', join(tree, 'bin/link'));
  const released = '2024-05-01T12:00:00Z';
  return { tree, repository, options: { tree, repository, image: 'xo', version: 6, sign: unsigned, released } };
}

async function payload(repository: Repository, path: string): Promise<Uint8Array> {
  const document = await repository.readDocument(path);
  assert.ok(document, path);
  return readSignedMessage(document, 1 << 20).payload;
}
const latestOf = async (repository: Repository) => parseLatest(await payload(repository, 'images/xo/latest.pgp'));

/** Every file of a repository with what tells whether it was written again. */
function everything(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    files.map((name) => {
      const { ino, mtimeMs, size } = statSync(join(folder, name));
      return [name, `${ino} ${mtimeMs} ${size}`];
    }),
  );
}

test('a published version is complete: latest, release, manifest, notes, and every content', async (t) => {
  const { repository, options } = setUp(t);
  const notes = Buffer.from('{"en":"new games"}');
  const result = await publish({ ...options, notes, severity: 'critical' });

  assert.deepEqual(await latestOf(repository), { image: 'xo', version: 6, epoch: 1, issued: '2024-05-01T12:00:00Z' });
  const release = parseRelease(await payload(repository, 'images/xo/6.pgp'));
  assert.deepEqual(release, {
    image: 'xo',
    version: 6,
    manifest: result.manifest,
    sizeBytes: 2_000_015,
    severity: 'critical',
    released: '2024-05-01T12:00:00Z',
    notes: { sha256: createHash('sha256').update(notes).digest('hex'), sizeBytes: notes.length },
  });
  assert.deepEqual(readFileSync(repository.blobPath(release.notes.sha256)), notes);
  const manifest = readFileSync(repository.blobPath(release.manifest.sha256));
  assert.equal(createHash('sha256').update(manifest).digest('hex'), release.manifest.sha256);
  const entries = parseManifest(manifest);
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['.', './bin', './bin/hello', './bin/hello again', './bin/link', './bin/world', './large'],
  );
  for (const entry of entries) {
    if (entry.type !== 'file') continue;
    const blob = readFileSync(repository.blobPath(entry.sha256));
    assert.equal(createHash('sha256').update(blob).digest('hex'), entry.sha256);
    assert.equal(blob.length, entry.sizeBytes);
  }
  // hello, world, large, the manifest, the notes; and nothing is left lying about.
  assert.equal(readdirSync(repository.blobs).length, 5);
  assert.deepEqual(readdirSync(repository.root).sort(), ['.lock', 'blobs', 'images']);
  assert.deepEqual(
    { ...result, manifest: undefined },
    {
      image: 'xo',
      version: 6,
      manifest: undefined,
      entries: 7,
      treeBytes: 2_000_015,
      newBlobs: 5,
      newBlobBytes: 2_000_010 + manifest.length + notes.length,
      bundleBytes: 0,
      bundles: [],
      fileDiffs: 0,
      fileDiffBytes: 0,
      unchanged: false,
      epoch: 1,
      warnings: [],
    },
  );
});

test('the same again changes nothing and signs nothing', async (t) => {
  const { repository, options } = setUp(t);
  await publish(options);
  const before = everything(repository.root);
  const sign = async (): Promise<Uint8Array> => assert.fail('signed again');
  const again = await publish({ ...options, sign, released: '2025-01-01T00:00:00Z' });
  assert.deepEqual([again.unchanged, again.newBlobs, again.newBlobBytes, again.epoch], [true, 0, 0, 1]);
  assert.deepEqual(everything(repository.root), before);
});

test('a version that exists is never changed: the error names both contents', async (t) => {
  const { tree, repository, options } = setUp(t);
  const { manifest } = await publish(options);
  const before = everything(repository.root);
  writeFileSync(join(tree, 'bin/world'), 'WORLD');
  await assert.rejects(publish(options), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'InvalidArgument');
    const hashes = error.message.match(/[0-9a-f]{64}/g) ?? [];
    assert.equal(hashes.length, 2);
    assert.equal(hashes[0], manifest.sha256);
    assert.match(error.message, /^xo 6 is published with manifest .* use a higher version$/);
    return true;
  });
  assert.deepEqual(everything(repository.root), before);
  const { version: _, ...rest } = options;
  await publish({ ...rest, version: 7 });
  await assert.rejects(
    publish({ ...rest, version: 7, severity: 'critical' }),
    /severity normal, this is severity critical/,
  );
  await assert.rejects(publish({ ...rest, version: 7, notes: Buffer.from('{"en":"x"}') }), /notes/);
});

test('the next version adds only what is new, and latest moves on by one epoch', async (t) => {
  const { tree, repository, options } = setUp(t);
  await publish(options);
  const before = everything(repository.blobs);
  writeFileSync(join(tree, 'bin/world'), 'WORLD!');
  const next = await publish({ ...options, version: 7 });
  assert.equal(next.newBlobs, 2);
  assert.equal(next.newBlobBytes, 6 + next.manifest.sizeBytes);
  assert.equal(next.epoch, 2);
  const after = everything(repository.blobs);
  for (const [name, was] of before) assert.equal(after.get(name), was);
  assert.deepEqual(await latestOf(repository), { image: 'xo', version: 7, epoch: 2, issued: options.released });
});

test('a lower version published late does not move latest back', async (t) => {
  const { repository, options } = setUp(t);
  await publish({ ...options, version: 9 });
  assert.equal((await publish({ ...options, version: 8 })).epoch, 1);
  assert.equal((await latestOf(repository)).version, 9);
  assert.deepEqual(await repository.versions('xo'), [8, 9]);
});

test('after a cut between release and latest the same command finishes the work', async (t) => {
  const { repository, options } = setUp(t);
  const signLatest = async (): Promise<Uint8Array> => {
    throw new Error('cut');
  };
  await assert.rejects(publish({ ...options, signLatest }), /cut/);
  assert.deepEqual(await repository.versions('xo'), [6]);
  assert.equal(await repository.readDocument('images/xo/latest.pgp'), undefined);
  assert.equal((await publish(options)).epoch, 1);
  assert.equal((await latestOf(repository)).version, 6);
});

test('two trees that are the same give the same repository, byte for byte', async (t) => {
  const one = setUp(t);
  const two = setUp(t);
  for (const { tree } of [one, two])
    for (const name of ['bin/hello', 'bin/hello again', 'bin/world', 'large', 'bin', '.'])
      utimesSync(join(tree, name), 5, 5);
  const { sha256 } = (await publish(one.options)).manifest;
  // The links' times cannot be set from here, so the second tree gets the first one's link.
  renameSync(join(one.tree, 'bin/link'), join(two.tree, 'bin/link'));
  utimesSync(join(two.tree, 'bin'), 5, 5);
  assert.equal((await publish(two.options)).manifest.sha256, sha256);
  const contents = (folder: string) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => [each.name, readFileSync(join(each.parentPath, each.name), 'latin1')])
      .sort();
  assert.deepEqual(contents(two.repository.root), contents(one.repository.root));
});

test('a tree that changes meanwhile leaves no trace in the repository', async (t) => {
  const { tree, repository, options } = setUp(t);
  const change = ({ phase }: { phase: string }): void => {
    if (phase === 'hash') writeFileSync(join(tree, 'bin/world'), 'other');
  };
  await assert.rejects(publish(options, change), { code: 'IoError', message: /bin\/world changed while it was read/ });
  assert.deepEqual(readdirSync(repository.root).sort(), ['.lock', 'blobs']);
  assert.deepEqual(readdirSync(repository.blobs), []);
});

test('what a killed publisher left is cleared away, and a running one is not disturbed', async (t) => {
  const { repository, options } = setUp(t);
  const left = await repository.openBatch();
  await left.addBytes(Buffer.from('left'));
  await publish(options);
  assert.deepEqual(readdirSync(repository.root).sort(), ['.lock', 'blobs', 'images']);
  const unlock = await repository.lock();
  await assert.rejects(publish(options), { code: 'Busy' });
  unlock();
});

test('wrong arguments are refused, and leave nothing behind', async (t) => {
  const { tree, repository, options } = setUp(t);
  for (const [image, version] of [
    ['../x', 6],
    ['config', 6],
    ['XO', 6],
    ['xo', 0],
    ['xo', 1.5],
    ['xo', 1_000_000_000],
  ] as const)
    await assert.rejects(publish({ ...options, image, version }), { code: 'InvalidArgument' }, `${image} ${version}`);
  await assert.rejects(publish({ ...options, tree: `${tree}/no` }), { code: 'InvalidArgument', message: /no folder/ });
  const inside = new Repository(join(tree, 'srv'));
  await assert.rejects(publish({ ...options, repository: inside }), {
    code: 'InvalidArgument',
    message: /lies in the tree/,
  });
  await assert.rejects(publish({ ...options, released: 'yesterday' }), { code: 'InvalidArgument' });
  assert.deepEqual(await repository.images(), []);
  assert.deepEqual(readdirSync(repository.blobs), []);
  assert.deepEqual(readdirSync(tree).sort(), ['bin', 'large']);
});

test('the date of a release is SOURCE_DATE_EPOCH where that is set, else the time', () => {
  const now = new Date(1_714_564_800_123);
  assert.equal(releaseDate({}, now), '2024-05-01T12:00:00Z');
  assert.equal(releaseDate({ SOURCE_DATE_EPOCH: '1700000000' }, now), '2023-11-14T22:13:20Z');
  for (const wrong of ['', 'now', '-1', '1.5', '1'.repeat(12)])
    assert.throws(() => releaseDate({ SOURCE_DATE_EPOCH: wrong }, now), { code: 'InvalidArgument' });
});
