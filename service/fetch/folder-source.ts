/** A repository folder, e.g. on a USB stick, as a source. */
import { closeSync } from 'node:fs';
import type { BlobRef, BundleName, OpenedBundle, Source } from '../core/ports.ts';
import { fannedBlobPath, formatRepositoryPath, isDocument, parseRepositoryPath } from '../core/repository-path.ts';
import { SourceError } from '../core/source-error.ts';
import { OpenRoot } from '../store/open-beneath.ts';
import { readFully } from '../store/read-fully.ts';
import { filePieces } from './file-pieces.ts';

export class FolderSource implements Source {
  readonly id: string;
  readonly kind = 'folder';
  readonly #root: OpenRoot;

  /** Throws `IoError` when the folder is not there. */
  constructor(folder: string) {
    this.id = folder;
    this.#root = new OpenRoot(folder);
  }

  async readDocument(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const parsed = parseRepositoryPath(path);
    const file = parsed && isDocument(parsed) ? this.#root.open(formatRepositoryPath(parsed)) : undefined;
    if (!file) return undefined;
    try {
      if (file.stat.size > BigInt(maxBytes))
        throw new SourceError('lied', this.id, `${path} is longer than ${maxBytes} bytes`);
      const bytes = Buffer.alloc(Number(file.stat.size));
      const length = await this.#read(file.fd, bytes, 0);
      if (length < bytes.length) throw new SourceError('lied', this.id, `${path} changed while it was read`);
      return bytes;
    } finally {
      closeSync(file.fd);
    }
  }

  async *readBlob(ref: BlobRef, offset: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const file = this.#root.open(`blobs/${ref.sha256}`) ?? this.#root.open(fannedBlobPath(ref.sha256));
    if (!file) throw new SourceError('missing', this.id, 'does not have it');
    try {
      if (file.stat.size !== BigInt(ref.sizeBytes))
        throw new SourceError('lied', this.id, `has ${file.stat.size} bytes where ${ref.sizeBytes} were asked for`);
      yield* this.#pieces(file.fd, offset, ref.sizeBytes, signal);
    } finally {
      closeSync(file.fd);
    }
  }

  async bundleSize(name: BundleName): Promise<number | undefined> {
    const file = this.#root.open(formatRepositoryPath({ kind: 'bundle', ...name }));
    if (!file) return undefined;
    closeSync(file.fd);
    return Number(file.stat.size);
  }

  async openBundle(name: BundleName, offset: number, signal?: AbortSignal): Promise<OpenedBundle | undefined> {
    return this.#open(formatRepositoryPath({ kind: 'bundle', ...name }), offset, signal);
  }

  async openDiff(name: BundleName, offset: number, signal?: AbortSignal): Promise<OpenedBundle | undefined> {
    return this.#open(formatRepositoryPath({ kind: 'diff', ...name }), offset, signal);
  }

  #open(path: string, offset: number, signal: AbortSignal | undefined): OpenedBundle | undefined {
    const file = this.#root.open(path);
    if (!file) return undefined;
    const sizeBytes = Number(file.stat.size);
    const start = offset > sizeBytes ? 0 : offset;
    const chunks = this.#pieces(file.fd, start, sizeBytes, signal);
    return { sizeBytes, offset: start, chunks, close: () => closeSync(file.fd) };
  }

  #pieces(fd: number, offset: number, sizeBytes: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const read = (buffer: Buffer, at: number): Promise<number> => this.#read(fd, buffer, at);
    return filePieces(read, { offset, sizeBytes }, this.id, signal);
  }

  /** Fills `buffer` as far as the file goes. A stick that was pulled out is a source that went away. */
  async #read(fd: number, buffer: Buffer, position: number): Promise<number> {
    try {
      return await readFully(fd, buffer, position);
    } catch (error) {
      const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
      throw new SourceError('unreachable', this.id, `cannot be read (${code ?? 'unknown error'})`);
    }
  }
}
