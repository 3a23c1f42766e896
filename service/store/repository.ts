/**
 * A repository: a folder of static files that any HTTP server can give out (DESIGN section 3). What a document names is
 * put, and on disk, before the document: so whoever finds `latest` finds everything below it.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { BlobRef, Sha256 } from '../core/ports.ts';
import { formatRepositoryPath, isDocument, parseRepositoryPath } from '../core/repository-path.ts';
import { deploymentName, parseDeploymentName } from '../deploy/layout.ts';
import { makeFolder, writeDurably } from '../sys/durable.ts';
import { tryLock } from '../sys/libc.ts';
import { BlobBatch } from './blob-batch.ts';

const SHA256 = /^[0-9a-f]{64}$/;
const NUMBERED = /^([1-9][0-9]{0,8})\.pgp$/;
/** Far above any document. */
const MAX_DOCUMENT_BYTES = 1 << 20;

export class Repository {
  readonly root: string;

  /** The folder need not be there yet: the first thing put makes it. */
  constructor(root: string) {
    this.root = root;
  }

  get blobs(): string {
    return join(this.root, 'blobs');
  }

  /** @throws RippleError `InvalidArgument` for anything but 64 lower-case hex digits */
  blobPath(sha256: Sha256): string {
    if (!SHA256.test(sha256)) throw new RippleError('InvalidArgument', `${JSON.stringify(sha256)} is not a SHA-256`);
    return join(this.blobs, sha256);
  }

  /** With `sizeBytes`: is it there with that size? */
  async hasBlob(sha256: Sha256, sizeBytes?: number): Promise<boolean> {
    const found = await orUndefined(stat(this.blobPath(sha256)));
    return found?.isFile() === true && (sizeBytes === undefined || found.size === sizeBytes);
  }

  /** On disk when this resolves. */
  async putBlob(bytes: Uint8Array): Promise<BlobRef> {
    return this.#putOne((batch) => batch.addBytes(bytes));
  }

  /**
   * Copies a file in, by reflink where the file system can. On disk when this resolves.
   * @throws RippleError `IoError` naming the file when it does not have this hash and size (any more)
   */
  async putBlobFromFile(path: string | Buffer, ref: BlobRef): Promise<void> {
    await this.#putOne((batch) => batch.addFile(path, ref));
  }

  async #putOne<T>(add: (batch: BlobBatch) => Promise<T>): Promise<T> {
    const batch = await this.openBatch();
    try {
      const added = await add(batch);
      await batch.commit();
      return added;
    } finally {
      await batch.discard();
    }
  }

  /** For many blobs with one sync. The caller commits, and discards in any case. */
  openBatch(): Promise<BlobBatch> {
    return BlobBatch.open(this.root, this.blobs);
  }

  /**
   * One writer at a time. Answers the function that lets go.
   * @throws RippleError `Busy`
   */
  async lock(): Promise<() => void> {
    await makeFolder(this.root);
    const fd = openSync(join(this.root, '.lock'), constants.O_RDWR | constants.O_CREAT, 0o600);
    if (!tryLock(fd)) {
      closeSync(fd);
      throw new RippleError('Busy', `another program writes to the repository ${this.root}; wait until it is done`);
    }
    return () => closeSync(fd);
  }

  #documentPath(path: string): string {
    const parsed = parseRepositoryPath(path);
    if (!parsed || !(isDocument(parsed) || parsed.kind === 'order'))
      throw new RippleError('InvalidArgument', `${JSON.stringify(path)} names no document`);
    return join(this.root, path);
  }

  /** `path` as in `images/xo/7.pgp`; `undefined` when there is none. */
  async readDocument(path: string): Promise<Buffer | undefined> {
    const handle = await orUndefined(open(this.#documentPath(path), constants.O_RDONLY | constants.O_NOFOLLOW));
    if (handle === undefined) return undefined;
    try {
      const { size } = await handle.stat();
      if (size > MAX_DOCUMENT_BYTES)
        throw new RippleError('IoError', `${this.root}/${path} is too large: ${size} bytes`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  }

  /** Makes or replaces a document in one step; on disk when this resolves. */
  async putDocument(path: string, bytes: Uint8Array): Promise<void> {
    const target = this.#documentPath(path);
    await makeFolder(dirname(target));
    await writeDurably(target, bytes);
  }

  releasePath(image: string, version: number): string {
    if (!parseDeploymentName(deploymentName({ image, version })))
      throw new RippleError(
        'InvalidArgument',
        `${image}.${version} is no image and version: use a name like xo and a number from 1`,
      );
    return formatRepositoryPath({ kind: 'release', image, version });
  }

  latestPath(image: string): string {
    this.releasePath(image, 1);
    return formatRepositoryPath({ kind: 'latest', image });
  }

  /** Versions of an image that have a release, ascending. */
  versions(image: string): Promise<number[]> {
    return numbered(join(this.root, dirname(this.latestPath(image))));
  }

  keyringVersions(): Promise<number[]> {
    return numbered(join(this.root, 'keyring'));
  }

  /** Names of the images, sorted. */
  async images(): Promise<string[]> {
    const names = (await orUndefined(readdir(join(this.root, 'images')))) ?? [];
    return names.filter((image) => parseDeploymentName(deploymentName({ image, version: 1 }))).sort();
  }
}

async function numbered(folder: string): Promise<number[]> {
  const names = (await orUndefined(readdir(folder))) ?? [];
  return names
    .map((name) => Number(NUMBERED.exec(name)?.[1] ?? 0))
    .filter((version) => version > 0)
    .sort((a, b) => a - b);
}

/** `undefined` for what is not there. */
async function orUndefined<T>(wanted: Promise<T>): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
