/** An rsync server as a source: single documents and blobs from its repository, and files of the trees that it offers. */
import { closeSync } from 'node:fs';
import type { ByteString } from '../core/entry.ts';
import type { BlobRef, Source } from '../core/ports.ts';
import { formatRepositoryPath, isDocument, parseRepositoryPath } from '../core/repository-path.ts';
import { belowOrigin, REPOSITORY_MODULE, type RsyncOrigin } from '../core/rsync-origin.ts';
import { SourceError } from '../core/source-error.ts';
import { OpenRoot } from '../store/open-beneath.ts';
import { readFully } from '../store/read-fully.ts';
import { filePieces } from './file-pieces.ts';
import { newFolder, removeFolder, runRsync } from './rsync-run.ts';

export interface RsyncSourceOptions {
  readonly origin: RsyncOrigin;
  /** Where rsync may write: a folder of its own, made when it is needed. */
  readonly workplace: string;
  readonly stallMs: number;
}

/** A file of a version's tree that is wanted for its content. */
export interface TreeWish {
  readonly path: ByteString;
  readonly ref: BlobRef;
}

export interface TreeRun {
  /** `xo.7`. */
  readonly tree: string;
  readonly wishes: readonly TreeWish[];
  readonly basis?: string;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
  /** Called for each file that came and is a plain one of the right length. */
  readonly took: (wish: TreeWish, pieces: AsyncIterable<Uint8Array>) => Promise<void>;
}

export class RsyncSource implements Source {
  readonly id: string;
  readonly kind = 'rsync';
  readonly #options: RsyncSourceOptions;

  constructor(options: RsyncSourceOptions) {
    this.id = options.origin.url;
    this.#options = options;
  }

  async readDocument(path: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const parsed = parseRepositoryPath(path);
    if (!parsed || !isDocument(parsed)) return undefined;
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of this.#one(formatRepositoryPath(parsed), maxBytes, 0, signal)) pieces.push(piece);
    } catch (error) {
      if (error instanceof SourceError && error.reason === 'missing') return undefined;
      throw error;
    }
    return Buffer.concat(pieces);
  }

  async *readBlob(ref: BlobRef, offset: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const path = formatRepositoryPath({ kind: 'blob', sha256: ref.sha256 });
    yield* this.#one(path, ref.sizeBytes, offset, signal, ref.sizeBytes);
  }

  /** Many files of one tree in one run. What did not come is simply not `took`. */
  async readTree(run: TreeRun): Promise<void> {
    const { origin, workplace, stallMs } = this.#options;
    const folder = newFolder(workplace);
    try {
      await runRsync({
        origin,
        below: belowOrigin(origin, run.tree),
        wishes: run.wishes.map(({ path, ref }) => ({ path: path.replace(/^\.\//, ''), sizeBytes: ref.sizeBytes })),
        folder,
        stallMs,
        signal: run.signal,
        onBytes: run.onBytes,
        ...(run.basis === undefined ? {} : { basis: run.basis }),
      });
      const root = new OpenRoot(folder);
      for (const wish of run.wishes) {
        const file = root.open(wish.path.replace(/^\.\//, ''));
        if (!file) continue;
        try {
          if (file.stat.size === BigInt(wish.ref.sizeBytes))
            await run.took(wish, this.#pieces(file.fd, 0, wish.ref.sizeBytes, run.signal));
        } finally {
          closeSync(file.fd);
        }
      }
    } finally {
      removeFolder(folder);
    }
  }

  /** One file of the repository. `sizeBytes`: it must be so long. */
  async *#one(
    path: string,
    maxBytes: number,
    offset: number,
    signal: AbortSignal | undefined,
    sizeBytes?: number,
  ): AsyncGenerator<Uint8Array> {
    const { origin, workplace, stallMs } = this.#options;
    const folder = newFolder(workplace);
    try {
      await runRsync({
        origin,
        below: belowOrigin(origin, REPOSITORY_MODULE),
        wishes: [{ path, sizeBytes: maxBytes }],
        folder,
        stallMs,
        ...(signal ? { signal } : {}),
      });
      const file = new OpenRoot(folder).open(path);
      if (!file) throw new SourceError('missing', this.id, 'does not have it');
      try {
        const length = Number(file.stat.size);
        if (length > maxBytes || (sizeBytes !== undefined && length !== sizeBytes))
          throw new SourceError('lied', this.id, `has ${length} bytes of ${path}`);
        yield* this.#pieces(file.fd, offset, length, signal);
      } finally {
        closeSync(file.fd);
      }
    } finally {
      removeFolder(folder);
    }
  }

  #pieces(fd: number, offset: number, sizeBytes: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const read = (buffer: Buffer, at: number): Promise<number> => readFully(fd, buffer, at);
    return filePieces(read, { offset, sizeBytes }, this.id, signal);
  }
}
