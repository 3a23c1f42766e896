import type { Sha256 } from '../../core/ports.ts';

/** A file of the new version. */
export interface KnownFile {
  readonly sizeBytes: number;
  /** Its bytes, until the next file is read. */
  readonly read: () => Uint8Array;
}

/** What whoever makes an archive has beside the old archive. */
export interface KnownFiles {
  /** Some old file has this content. */
  isOld(sha256: Sha256): boolean;
  /** The number of the new file with this path: bytes as latin1, without `./`. */
  atPath(path: string): number | undefined;
  /** Undefined if there is none, or it is not there yet. */
  file(number: number): KnownFile | undefined;
}

/** As known to the encoder. */
export interface NewFiles extends KnownFiles {
  withContent(sha256: Sha256): number | undefined;
  hasContent(number: number, sha256: Sha256): boolean;
}
