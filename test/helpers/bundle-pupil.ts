/** A school with a bundle from 6 to 7, and the part of a laptop on 6 that takes it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { BundleShelf } from '../../service/bundles/shelf.ts';
import type { BlobRef, BundleName, Source } from '../../service/core/ports.ts';
import { SourceLedger } from '../../service/core/source-ledger.ts';
import { BundleTaker, type BundleWish, type TakenBundle } from '../../service/daemon/bundle-taker.ts';
import { Layout } from '../../service/deploy/layout.ts';
import { parseManifest } from '../../service/image/manifest.ts';
import { publish } from '../../service/publish/publish.ts';
import { writeSignedMessage } from '../../service/sign/packets.ts';
import { BlobCache } from '../../service/store/blob-cache.ts';
import { Repository } from '../../service/store/repository.ts';
import { realClock, serve, silentLogger } from './blobs.ts';
import { httpSource } from './fetch.ts';
import { seeded } from './random.ts';
import { makeSeededTrees, type SeededSize } from './seeded-trees.ts';
import { tempFolder } from './temp.ts';

const unsigned = async (payload: Uint8Array): Promise<Uint8Array> => writeSignedMessage(payload, []);

/** Random bytes, which take long to compare: no more of them than fill some frames. */
const SIZE: SeededSize = { smallFiles: 14, largeFiles: 2, largeBytes: 90_000, changedOneIn: 2 };

export interface School {
  readonly repository: Repository;
  readonly name: BundleName;
  readonly manifest: BlobRef;
  readonly bundle: Buffer;
  readonly older: string;
}

let made: Promise<School> | undefined;

/** Made once: comparing takes most of the time. */
export function school(): Promise<School> {
  made ??= makeSchool();
  return made;
}

async function makeSchool(): Promise<School> {
  const folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'school');
  const { older, newer } = makeSeededTrees(folder, 5, SIZE);
  // The second is made from the first, which is new itself.
  const twin = seeded(6).bytes(6000);
  writeFileSync(join(newer, 'twin-1'), twin);
  writeFileSync(join(newer, 'twin-2'), Buffer.concat([twin, Buffer.from('and more')]));
  const repository = new Repository(join(folder, 'repository'));
  const options = { repository, image: 'xo', sign: unsigned };
  const six = await publish({ ...options, tree: older, version: 6 });
  const { manifest } = await publish({ ...options, tree: newer, version: 7, diffFrom: [6] });
  const name = { from: six.manifest.sha256, to: manifest.sha256 };
  const bundle = readFileSync(join(repository.root, 'bundles', `${name.from}-${name.to}`));
  return { repository, name, manifest, bundle, older };
}

export interface Pupil {
  readonly layout: Layout;
  readonly cache: BlobCache;
  readonly ledger: SourceLedger;
  readonly taker: BundleTaker;
  readonly shelf: BundleShelf;
  readonly tried: (sources: readonly Source[], change?: Partial<BundleWish>) => Promise<TakenBundle>;
  /** Only if all of it came out right. */
  readonly take: (sources: readonly Source[], change?: Partial<BundleWish>) => Promise<TakenBundle | undefined>;
}

/** A laptop on version 6; the same one after a restart, when its sysroot is given again. */
export function pupil(
  t: TestContext,
  { repository, name, manifest, older }: School,
  sysroot = tempFolder(t, 'sysroot'),
): Pupil {
  const layout = new Layout(sysroot);
  const from = { image: 'xo', version: 6 };
  if (!existsSync(layout.rootfs)) {
    mkdirSync(layout.rootfs);
    mkdirSync(layout.manifests, { recursive: true });
    execFileSync('cp', ['-a', older, layout.deployment(from)]);
    writeFileSync(layout.manifest(from), readFileSync(repository.blobPath(name.from)));
  }
  const cache = new BlobCache(layout.blobs);
  const ledger = new SourceLedger();
  mkdirSync(layout.bundles, { recursive: true });
  const shelf = new BundleShelf({ folder: layout.bundles, capBytes: 10_000_000, keepMs: 1000, nowMs: () => 0 });
  const taker = new BundleTaker({ layout, cache, shelf, ledger, clock: realClock, logger: silentLogger });
  const tried: Pupil['tried'] = (sources, change = {}) =>
    taker.take({
      name,
      tree: layout.deployment(from),
      manifestA: layout.manifest(from),
      manifest,
      maxBytes: 10_000_000,
      maxNewBytes: 10_000_000,
      stageBytes: 0,
      patienceMs: 20_000,
      sources: () => sources.filter(({ id }) => !ledger.isBanned(id, performance.now())),
      onProgress: () => {},
      signal: new AbortController().signal,
      ...change,
    });
  return {
    layout,
    cache,
    ledger,
    taker,
    shelf,
    tried,
    take: async (sources, change) => {
      const taken = await tried(sources, change);
      return taken.end === 'whole' ? taken : undefined;
    },
  };
}

/** Every content that 7 has and 6 has not is in the cache, and right. */
export async function assertHasAll({ cache }: Pupil, { repository, name, manifest }: School): Promise<void> {
  const shas = (sha256: string): Map<string, number> =>
    new Map(
      parseManifest(readFileSync(repository.blobPath(sha256))).flatMap((entry) =>
        entry.type === 'file' ? [[entry.sha256, entry.sizeBytes]] : [],
      ),
    );
  const old = shas(name.from);
  assert.ok(cache.has(manifest));
  for (const [sha256, sizeBytes] of shas(name.to)) {
    if (old.has(sha256)) continue;
    assert.ok(cache.has({ sha256, sizeBytes }), sha256);
    assert.ok(await cache.rehash({ sha256, sizeBytes }), sha256);
  }
}

export function assertHasNothing({ layout }: Pupil): void {
  assert.deepEqual(readdirSync(layout.blobs), []);
  assert.equal(existsSync(layout.unpacked), false);
}

/** A server that has the bundle, and it is `bytes`. */
export async function giving(t: TestContext, { name }: School, bytes: Buffer): Promise<Source> {
  const folder = tempFolder(t, 'giving');
  mkdirSync(join(folder, 'bundles'));
  writeFileSync(join(folder, 'bundles', `${name.from}-${name.to}`), bytes);
  return httpSource(t, 'peer', (await serve(t, folder)).url);
}

export function flipped(bundle: Buffer, at: number): Buffer {
  const bad = Buffer.from(bundle);
  bad[at] = (bad[at] ?? 0) ^ 64;
  return bad;
}
