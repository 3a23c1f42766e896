/**
 * What an upstream has newest, into the repository of a school server. Nothing of it is trusted; what came is kept aside,
 * so that a break or a restart costs little, and comes into the repository once the whole version is here: content, then
 * its manifest, the release, and last the word that it is the newest. So whatever can be asked for is whole.
 */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asRippleError, RippleError } from '../api/errors.ts';
import type { BlobRef, Clock, Logger, Source } from '../core/ports.ts';
import { parseRepositoryPath } from '../core/repository-path.ts';
import { SourceLedger } from '../core/source-ledger.ts';
import { Layout } from '../deploy/layout.ts';
import { fetchBlobs } from '../fetch/swarm.ts';
import { type Latest, MAX_DOCUMENT_BYTES, parseLatest, type Release } from '../image/documents.ts';
import { readSignedMessage } from '../sign/packets.ts';
import { BlobCache } from '../store/blob-cache.ts';
import type { Repository } from '../store/repository.ts';
import { Memory } from './memory.ts';
import { type HeldVersion, heldVersion, readHoldings, removeVersions } from './school-holdings.ts';
import { MirrorBundles } from './school-mirror-bundles.ts';
import { moveIn } from './school-move-in.ts';
import { makeRoom, surplus } from './school-room.ts';
import { TrustKeeper } from './trust-keeper.ts';
import type { Mirroring } from './upstream-follower.ts';

/** In the repository: what is not whole yet, and what must be remembered. Nobody can ask for anything in here. */
const FOLDER = '.mirror';

export interface SchoolMirrorOptions {
  readonly repository: Repository;
  readonly image: string;
  /** The installed one. */
  readonly keyring: string;
  readonly keep: number;
  readonly spaceBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class SchoolMirror implements Mirroring {
  readonly #options: SchoolMirrorOptions;
  readonly #layout: Layout;
  readonly #trust: TrustKeeper;
  readonly #cache: BlobCache;
  readonly #bundles: MirrorBundles;
  #isWhole = true;

  /** @throws RippleError when the keyring cannot be read, or there is no writing in the repository */
  constructor(options: SchoolMirrorOptions) {
    this.#options = options;
    this.#layout = new Layout(join(options.repository.root, FOLDER));
    try {
      this.#cache = new BlobCache(this.#layout.blobs);
      const memory = Memory.open(this.#layout.stateFile);
      this.#trust = TrustKeeper.open(options.keyring, this.#layout, memory, options.logger);
      this.#bundles = new MirrorBundles(options, this.#layout, this.#cache);
    } catch (error) {
      throw asRippleError(error);
    }
  }

  isWhole(): boolean {
    return this.#isWhole;
  }

  /** Removes what a crash left of versions that were being removed. Never fails. */
  async sweep(): Promise<void> {
    try {
      await this.#locked(async () => this.#remove(await readHoldings(this.#options.repository), []));
    } catch (error) {
      this.#options.logger.warn('leaves what may be of no use', { message: asRippleError(error).message });
    }
  }

  async follow(upstream: Source, signal: AbortSignal): Promise<boolean> {
    const { image, repository, logger } = this.#options;
    await this.#trust.advance(upstream, signal);
    // At once: they may take a key back.
    await this.#giveKeyrings();
    if (!(await this.#trust.latest(upstream, image, signal)))
      throw new RippleError(
        'NoSource',
        `${upstream.id} does not say what is newest of ${image}, or says something older than was heard before`,
      );
    // What was kept is what goes on to laptops.
    const latestBytes = readFileSync(this.#layout.latest(image));
    const latest = parseLatest(readSignedMessage(latestBytes, MAX_DOCUMENT_BYTES).payload);
    this.#isWhole = false;
    const release = await this.#trust.release(upstream, image, latest.version, 0, signal);
    if (!release)
      throw new RippleError(
        'NoSource',
        `${upstream.id} calls ${image} ${latest.version} the newest but has no release`,
      );
    const releaseBytes = readFileSync(this.#layout.release({ image, version: latest.version }));
    if (await this.#isGiven(latest, latestBytes, releaseBytes)) {
      this.#isWhole = true;
      return false;
    }
    const held = await this.#held();
    const incoming = await this.#content(upstream, release, held, signal);
    await this.#locked(async () => {
      await moveIn(repository, this.#cache, incoming);
      await this.#bundles.moveIn(incoming);
      await repository.putDocument(repository.releasePath(image, latest.version), releaseBytes);
      await repository.putDocument(repository.latestPath(image), latestBytes);
    });
    this.#isWhole = true;
    logger.info('a version came from upstream', {
      upstream: upstream.id,
      version: latest.version,
      epoch: latest.epoch,
    });
    await this.#tidy(latest);
    return true;
  }

  async #isGiven(latest: Latest, latestBytes: Buffer, releaseBytes: Buffer): Promise<boolean> {
    const { repository, image } = this.#options;
    const given = await repository.readDocument(repository.latestPath(image));
    const release = await repository.readDocument(repository.releasePath(image, latest.version));
    return given?.equals(latestBytes) === true && release?.equals(releaseBytes) === true;
  }

  /** Everything of this version that the repository lacks, whole and checked, into the cache. */
  async #content(
    upstream: Source,
    release: Release,
    held: readonly HeldVersion[],
    signal: AbortSignal,
  ): Promise<HeldVersion> {
    const { repository } = this.#options;
    const served = await this.#served();
    const room = {
      ...this.#options,
      cache: this.#cache,
      remove: (gone: readonly HeldVersion[]) => this.#removeNow(gone),
    };
    const first = await this.#lacking([release.manifest, release.notes]);
    await makeRoom(room, held, served, undefined, first);
    await this.#fetch(first, upstream, signal);
    const [manifest] = await this.#lacking([release.manifest]);
    const path = manifest ? this.#cache.path(manifest.sha256) : repository.blobPath(release.manifest.sha256);
    const incoming = heldVersion(release, readFileSync(path));
    const refs = [...incoming.blobs].map(([sha256, sizeBytes]) => ({ sha256, sizeBytes }));
    const lacking = await this.#lacking(refs);
    const left = await makeRoom(room, held, served, incoming, lacking);
    await this.#bundles.take(upstream, left, incoming, lacking, served, signal);
    await this.#fetch(lacking, upstream, signal);
    return incoming;
  }

  async #lacking(refs: readonly BlobRef[]): Promise<BlobRef[]> {
    const { repository } = this.#options;
    const names = new Set(await readdir(repository.blobs).catch(() => []));
    const lacking: BlobRef[] = [];
    for (const ref of refs)
      if (!names.has(ref.sha256) || !(await repository.hasBlob(ref.sha256, ref.sizeBytes))) lacking.push(ref);
    return lacking;
  }

  async #fetch(wanted: readonly BlobRef[], upstream: Source, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    await fetchBlobs(wanted, {
      sources: () => [upstream],
      cache: this.#cache,
      ledger: new SourceLedger(),
      clock,
      signal,
      onSourceError: ({ id }, { message }, lied) => logger.warn('upstream', { id, lied, message }),
    });
  }

  /** A damaged version must not keep the next one away: then nothing is removed, and no bundle taken. */
  async #held(): Promise<readonly HeldVersion[]> {
    try {
      return await readHoldings(this.#options.repository);
    } catch (error) {
      this.#options.logger.warn('does not know what it has', { message: asRippleError(error).message });
      return [];
    }
  }

  /** The version that the repository calls the newest; 0: none that can be read. */
  async #served(): Promise<number> {
    const { repository, image } = this.#options;
    try {
      const document = await repository.readDocument(repository.latestPath(image));
      return document ? parseLatest(readSignedMessage(document, MAX_DOCUMENT_BYTES).payload).version : 0;
    } catch {
      return 0;
    }
  }

  /** For laptops that are further back in the chain, as far as this server followed it. */
  async #giveKeyrings(): Promise<void> {
    const { repository } = this.#options;
    const folder = join(this.#layout.state, 'keyrings');
    for (const name of await readdir(folder)) {
      const path = `keyring/${name}`;
      if (parseRepositoryPath(path)?.kind !== 'keyring') continue;
      const bytes = readFileSync(join(folder, name));
      if ((await repository.readDocument(path))?.equals(bytes) === true) continue;
      await this.#locked(() => repository.putDocument(path, bytes));
    }
  }

  /** After a version came: what is too old or too much goes. */
  async #tidy(latest: Latest): Promise<void> {
    const { repository, logger } = this.#options;
    try {
      await this.#locked(async () => {
        const held = await readHoldings(repository);
        await this.#remove(held, surplus(this.#options, held, latest.version));
      });
      this.#cache.clear();
    } catch (error) {
      logger.warn('cannot remove old versions', { message: asRippleError(error).message });
    }
  }

  async #removeNow(gone: readonly HeldVersion[]): Promise<void> {
    const isGone = ({ image, version }: HeldVersion): boolean =>
      gone.some((one) => one.image === image && one.version === version);
    await this.#locked(async () => {
      const held = await readHoldings(this.#options.repository);
      await this.#remove(held, held.filter(isGone));
    });
  }

  async #remove(held: readonly HeldVersion[], gone: readonly HeldVersion[]): Promise<void> {
    const removed = await removeVersions(this.#options.repository, held, gone);
    const versions = gone.map(({ version }) => version).join(' ');
    if (removed.files + gone.length > 0) this.#options.logger.info('removed old versions', { versions, ...removed });
  }

  async #locked(work: () => Promise<void>): Promise<void> {
    const unlock = await this.#options.repository.lock();
    try {
      await work();
    } finally {
      unlock();
    }
  }
}
