import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RippleError } from '../../service/api/errors.ts';
import type { Entry } from '../../service/core/entry.ts';
import { Layout } from '../../service/deploy/layout.ts';
import { formatManifest } from '../../service/image/manifest.ts';
import { BlobCache } from '../../service/store/blob-cache.ts';
import { DeploymentContent } from '../../service/store/deployment-content.ts';
import { ServedTree } from '../../service/store/served-tree.ts';
import { blobOf, randomBlobs, serve, type TestBlob } from '../helpers/blobs.ts';
import { send } from '../helpers/http.ts';
import { tempFolder } from '../helpers/temp.ts';

const SECONDS = 1_700_000_000;
const LATIN1 = Buffer.from('./usr/sh\xe9 name\n', 'latin1').toString('latin1');

interface Laptop {
  readonly url: string;
  readonly layout: Layout;
  readonly root: string;
  readonly manifest: TestBlob;
  readonly cache: BlobCache;
  readonly env: TestBlob;
  readonly odd: TestBlob;
  readonly damaged: string[];
}

/** A sysroot with one deployment of four files (two of them equal), served as a laptop serves it. */
async function laptop(t: TestContext): Promise<Laptop> {
  const layout = new Layout(tempFolder(t, 'sysroot'));
  const deployment = { image: 'xo', version: 7 };
  const root = layout.deployment(deployment);
  for (const folder of [root, join(root, 'bin'), join(root, 'usr'), layout.manifests, layout.releases, layout.blobs])
    mkdirSync(folder, { recursive: true });
  const [env, odd] = randomBlobs(2, 3000);
  assert.ok(env && odd);
  const base = { mode: 0o755, uid: 0, gid: 0, timeNs: BigInt(SECONDS) * 1_000_000_000n };
  const file = (path: string, blob: TestBlob): Entry => {
    const disk = Buffer.from(`${root}/${path.slice(2)}`, 'latin1');
    writeFileSync(disk, blob.bytes);
    utimesSync(disk, SECONDS, SECONDS);
    return { ...base, ...blob.ref, path, type: 'file' };
  };
  const entries: Entry[] = [
    { ...base, path: '.', type: 'dir' },
    { ...base, path: './bin', type: 'dir' },
    file('./bin/env', env),
    file('./bin/env-copy', env),
    { ...base, path: './usr', type: 'dir' },
    file('./usr/odd', odd),
    file(LATIN1, blobOf(Buffer.from('latin'))),
  ];
  const manifest = blobOf(Buffer.from(formatManifest(entries)));
  writeFileSync(layout.manifest(deployment), manifest.bytes);
  writeFileSync(layout.release(deployment), 'release seven');

  const damaged: string[] = [];
  const cache = new BlobCache(layout.blobs);
  const manifestPath = layout.manifest(deployment);
  const tree = new ServedTree(root, manifestPath, manifest.ref.sha256, (path) => damaged.push(path));
  t.after(() => tree.close());
  const content = new DeploymentContent({ layout, trees: [{ tree, manifestPath }], cache });
  const { url } = await serve(t, layout.state, { content });
  return { url, layout, root, manifest, cache, env, odd, damaged };
}

const blobUrl = (url: string, blob: TestBlob): string => `${url}/blobs/${blob.ref.sha256}`;

test('a laptop gives the files it runs, the manifest, what it keeps, and documents', async (t) => {
  const { url, layout, manifest, cache, env, odd, damaged } = await laptop(t);
  const notes = blobOf(Buffer.from('{"en":{}}'));
  cache.put(notes.ref, notes.bytes);
  const latin = blobOf(Buffer.from('latin'));
  for (const blob of [env, odd, latin, manifest, notes]) {
    const reply = await send(blobUrl(url, blob));
    assert.equal(reply.status, 200);
    assert.ok(reply.body.equals(blob.bytes));
  }
  assert.equal((await send(`${url}/images/xo/7.pgp`)).body.toString(), 'release seven');
  const documents: [string, string][] = [
    [layout.keyringNumbered(2), 'keyring/2.pgp'],
    [layout.latest('xo'), 'images/xo/latest.pgp'],
    [layout.order('xo', 3), 'images/xo/orders/3.pgp'],
  ];
  for (const [file, path] of documents) {
    assert.equal((await send(`${url}/${path}`)).status, 404, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, path);
    assert.equal((await send(`${url}/${path}`)).body.toString(), path);
  }
  assert.deepEqual(damaged, []);
  assert.equal((await send(`${url}/images/xo/8.pgp`)).status, 404);
  assert.equal((await send(`${url}/blobs/${'0'.repeat(64)}`)).status, 404);
});

test('a file whose size or time changed is not given, its untouched copy is, and verify is told', async (t) => {
  const { url, root, env, odd, damaged } = await laptop(t);
  utimesSync(join(root, 'bin/env'), SECONDS, SECONDS + 1);
  const reply = await send(blobUrl(url, env));
  assert.ok(reply.body.equals(env.bytes), 'from the copy');
  assert.deepEqual(damaged, ['./bin/env']);

  writeFileSync(join(root, 'usr/odd'), 'shorter');
  utimesSync(join(root, 'usr/odd'), SECONDS, SECONDS);
  assert.equal((await send(blobUrl(url, odd))).status, 404);
  rmSync(join(root, 'usr/odd'));
  assert.equal((await send(blobUrl(url, odd))).status, 404);
  assert.deepEqual(damaged.slice(1), ['./usr/odd', './usr/odd']);
});

test('a folder of the tree that became a link leads nowhere, even to the same file', async (t) => {
  const { url, root, odd } = await laptop(t);
  renameSync(join(root, 'usr'), join(root, '..', 'elsewhere'));
  symlinkSync('../elsewhere', join(root, 'usr'));
  assert.equal((await send(blobUrl(url, odd))).status, 404);
});

test('unfinished and unchecked blobs are not given', async (t) => {
  const { layout } = await laptop(t);
  const [part, left] = randomBlobs(2, 1000);
  assert.ok(part && left);
  writeFileSync(join(layout.blobs, left.ref.sha256), left.bytes);
  const cache = new BlobCache(layout.blobs);
  const { url } = await serve(t, layout.state, { content: new DeploymentContent({ layout, trees: [], cache }) });
  const writer = await cache.openPart(part.ref);
  writer.append(part.bytes);
  assert.equal((await send(blobUrl(url, part))).status, 404);
  writer.finish();
  assert.equal((await send(blobUrl(url, part))).status, 200);
  assert.equal((await send(blobUrl(url, left))).status, 404);
  assert.ok(await cache.rehash(left.ref));
  assert.equal((await send(blobUrl(url, left))).status, 200);
});

test('nothing of the state besides documents and blobs is reachable', async (t) => {
  const { url, layout } = await laptop(t);
  writeFileSync(layout.stateFile, 'secret');
  writeFileSync(layout.keyring, 'secret');
  for (const path of ['state.json', 'keyring.pgp', 'blobs/../state.json', 'manifests/xo.7', 'releases/xo.7.pgp'])
    assert.equal((await send(`${url}/${path}`)).status, 404, path);
});

test('a tree that was closed gives nothing, whatever file has its descriptor now', async (t) => {
  const { layout, root, manifest, env } = await laptop(t);
  const tree = new ServedTree(root, layout.manifest({ image: 'xo', version: 7 }), manifest.ref.sha256);
  tree.open(env.ref.sha256)?.close();
  tree.close();
  const fd = openSync('/dev/null', 'r');
  t.after(() => closeSync(fd));
  assert.equal(tree.open(env.ref.sha256), undefined);
  tree.close();
  assert.equal(fstatSync(fd).isCharacterDevice(), true, 'closing twice closes nobody else');
});

test('another manifest than the verified one is refused', async (t) => {
  const { layout, root } = await laptop(t);
  const sha256 = createHash('sha256').update('other').digest('hex');
  assert.throws(
    () => new ServedTree(root, layout.manifest({ image: 'xo', version: 7 }), sha256),
    (error) => error instanceof RippleError && error.code === 'HashMismatch',
  );
  assert.throws(
    () => new ServedTree(root, layout.manifest({ image: 'xo', version: 8 }), sha256),
    (error) => error instanceof RippleError && error.code === 'IoError',
  );
});
