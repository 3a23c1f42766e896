/** One bundle on its way: received, kept and unpacked at the same time, from whoever gives the next bytes. */
import { join } from 'node:path';
import { NoSpaceError, RippleError } from '../api/errors.ts';
import { BundlePart } from '../bundles/part.ts';
import { type Unpacked, Unpacker } from '../bundles/unpacker.ts';
import type { BlobRef, OpenedBundle, Source } from '../core/ports.ts';
import { SourceError } from '../core/source-error.ts';
import { RESERVE_BYTES, roomBytes } from '../sys/disk-room.ts';
import { type BundleTakerOptions, type BundleWish, partOf } from './bundle-taker.ts';

const PROGRESS_MS = 100;

/** `none`: this source has none. `long`: one that is not worth it. `mixed`: wrong, but several gave it. */
export type TransferEnd = 'whole' | 'none' | 'long' | 'mixed';

export class BundleTransfer {
  readonly #wish: BundleWish;
  readonly #options: BundleTakerOptions;
  readonly #part: BundlePart;
  readonly #got = new Map<string, number>();
  readonly #contents = new Map<string, BlobRef>();
  #unpacker: Unpacker | undefined;
  /** Of the whole bundle, as whoever gave its first byte said. */
  #sizeBytes: number | undefined;
  /** Once bytes of several givers came out wrong, only whole ones are taken, so that whoever lies is found. */
  #alone = false;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(wish: BundleWish, options: BundleTakerOptions) {
    this.#wish = wish;
    this.#options = options;
    this.#part = new BundlePart(partOf(options.layout, wish.name));
  }

  get bytes(): number {
    return this.#part.bytes;
  }
  get bytesBySource(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#got);
  }
  get contents(): readonly BlobRef[] {
    return [...this.#contents.values()];
  }

  /** Unpacks what an earlier try left. True: it is the whole bundle. */
  async resume(): Promise<boolean> {
    const { bytes } = this.#part;
    if (bytes === 0) return false;
    this.#grown(bytes);
    const end = await this.#settled();
    if (end.kind === 'whole') {
      this.#finish(end.manifest);
      return true;
    }
    if (end.kind === 'failed') {
      if (end.blameless) throw new RippleError(end.code, end.message);
      await this.#startAgain();
    }
    return false;
  }

  /** @throws SourceError; RippleError when something of this machine is wrong */
  async from(source: Source): Promise<TransferEnd> {
    if (this.#alone) await this.#startAgain();
    let opened = await source.openBundle?.(this.#wish.name, this.#part.bytes, this.#wish.signal);
    if (opened && this.#part.bytes > 0 && this.#isOther(opened)) {
      opened.close();
      await this.#startAgain();
      opened = await source.openBundle?.(this.#wish.name, 0, this.#wish.signal);
    }
    if (!opened) return 'none';
    try {
      if (opened.sizeBytes > this.#wish.maxBytes) return 'long';
      this.#requireRoom(opened);
      this.#sizeBytes = opened.sizeBytes;
      const end = await this.#receive(source, opened);
      if (end.kind !== 'whole') return await this.#wrong(source, end);
      this.#finish(end.manifest);
      return 'whole';
    } finally {
      opened.close();
    }
  }

  /** Unpacks what came, so that nothing of it has to come again. */
  async drain(): Promise<void> {
    if (this.#part.bytes > 0) await this.#settled();
  }

  /** It lied: what came is thrown away, and nobody is thanked for it. */
  async forget({ id }: Source): Promise<void> {
    this.#got.delete(id);
    await this.#startAgain();
  }

  /** Keeps what came; nothing is written any more when this resolves. */
  async close(): Promise<void> {
    await this.#unpacker?.close();
    this.#unpacker = undefined;
    this.#part.close();
  }

  /** Another maker's bundle of the same name: its bytes do not go on where the others ended. */
  #isOther({ offset, sizeBytes }: OpenedBundle): boolean {
    return offset !== this.#part.bytes || (this.#sizeBytes !== undefined && this.#sizeBytes !== sizeBytes);
  }

  /** For the bundle, and for what comes out of it; where that is not known, it is counted when its head is here. */
  #requireRoom({ sizeBytes, offset }: OpenedBundle): void {
    const { bundles } = this.#options.layout;
    const needed = sizeBytes - offset + this.#wish.stageBytes;
    const room = roomBytes(bundles);
    if (needed > room) throw new NoSpaceError(bundles, needed + RESERVE_BYTES, room + RESERVE_BYTES);
  }

  async #receive(source: Source, { sizeBytes, chunks }: OpenedBundle): Promise<Unpacked> {
    for await (const chunk of chunks) {
      this.#part.append(chunk, source.id);
      this.#got.set(source.id, (this.#got.get(source.id) ?? 0) + chunk.length);
      this.#grown(sizeBytes);
      this.#tell(sizeBytes);
      // The rest of what is wrong by now need not come.
      if (this.#unpacker?.state.kind === 'failed') break;
    }
    return this.#settled();
  }

  async #wrong(source: Source, end: Exclude<Unpacked, { kind: 'whole' }>): Promise<'mixed'> {
    if (end.kind === 'failed' && end.blameless) {
      await this.#startAgain();
      throw new RippleError(end.code, end.message);
    }
    const message = end.kind === 'failed' ? end.message : 'it ends too early';
    const onlyOne = this.#part.bytes === 0 || this.#part.isOnlyOf(source.id);
    await this.forget(source);
    if (onlyOne) throw new SourceError('lied', source.id, `gave a wrong bundle: ${message}`);
    this.#options.logger.warn('a bundle of several givers was wrong', { message });
    this.#alone = true;
    return 'mixed';
  }

  #grown(sizeBytes: number): void {
    const { layout, cache } = this.#options;
    const { tree, isBlobs = false, manifestA, manifest, maxNewBytes, maxBytes } = this.#wish;
    this.#unpacker ??= new Unpacker(
      {
        bundle: this.#part.path,
        tree,
        isBlobs,
        manifestA,
        taken: layout.blobs,
        expectedManifest: manifest,
        maxNewBytes,
        maxBundleBytes: maxBytes,
        out: join(layout.unpacked, 'bundle'),
      },
      // Under its own hash it is what it is called, whoever gave it.
      (ref, file) => {
        cache.adopt(ref, file);
        this.#contents.set(ref.sha256, ref);
      },
    );
    this.#unpacker.grown({ bytes: this.#part.bytes, sizeBytes });
  }

  async #settled(): Promise<Unpacked> {
    return (await this.#unpacker?.settled(this.#wish.signal)) ?? { kind: 'more' };
  }

  #finish(manifest: string): void {
    this.#part.sync();
    this.#options.cache.adopt(this.#wish.manifest, manifest);
    this.#wish.onProgress(this.#part.bytes, this.#part.bytes, this.bytesBySource);
  }

  async #startAgain(): Promise<void> {
    await this.#unpacker?.close();
    this.#unpacker = undefined;
    this.#sizeBytes = undefined;
    this.#part.empty();
  }

  #tell(sizeBytes: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#toldMs < PROGRESS_MS && this.#part.bytes < sizeBytes) return;
    this.#toldMs = nowMs;
    // Who gave counts once it came out right.
    this.#wish.onProgress(this.#part.bytes, sizeBytes, {});
  }
}
