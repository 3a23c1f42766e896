/** What a share server gives out: something that opens a repository path. */
import type { RepositoryPath } from '../core/repository-path.ts';

/** One opened thing. Whoever opened it calls `close` exactly once. */
export interface ServedContent {
  readonly sizeBytes: number;
  /** A strong entity tag, with its quotes (RFC 9110 section 8.8.3). */
  readonly etag: string;
  /** Named by its hash, so that a cache may keep it for ever. */
  readonly immutable: boolean;
  /**
   * Exactly `length` bytes from `position` on; `position + length` is at most `sizeBytes`. Fails with `IoError` if
   * the file became shorter meanwhile.
   */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): void;
}

/** Opens what there is; `undefined` when there is nothing of that name, or nothing that may be given. */
export interface Content {
  open(path: RepositoryPath): Promise<ServedContent | undefined>;
  /** For what `open` did not find: it is being made, and to be asked for again so many seconds later. */
  comingInSeconds?(path: RepositoryPath): number | undefined;
}
