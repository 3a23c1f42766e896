/** One side of a bundle that is to be made: a manifest and where its contents lie. */
import { createHash } from 'node:crypto';
import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { Sha256 } from '../core/ports.ts';
import { type FileLine, OldFiles } from '../delta/bundle/index.ts';
import { readPath } from '../image/manifest-fields.ts';
import { OpenRoot } from '../store/open-beneath.ts';
import { readFullySync } from '../store/read-fully.ts';

export interface Side {
  readonly manifest: { readonly path: string; readonly sha256: Sha256 };
  /** A repository's blobs, named by their hashes, or the tree of a deployment. */
  readonly contents: { readonly blobs: string } | { readonly tree: string };
}

/** Everything that is read was hashed: what comes of a damaged file must not travel. */
export class SideReader {
  readonly manifest: Buffer;
  /** Bytes of each content. */
  readonly sizes: ReadonlyMap<Sha256, number>;
  readonly #readContent: (sha256: Sha256) => Buffer | undefined;

  /** @throws RippleError `IoError` for a manifest that is not what it should be */
  constructor({ manifest, contents }: Side) {
    this.manifest = readFileSync(manifest.path);
    requireHash(this.manifest, manifest.sha256, manifest.path);
    const { list } = new OldFiles(this.manifest);
    this.sizes = new Map(list.map(({ sha256, sizeBytes }) => [sha256, sizeBytes]));
    this.#readContent =
      'blobs' in contents ? (sha256) => readFileSync(join(contents.blobs, sha256)) : treeReader(contents.tree, list);
  }

  /** @throws RippleError `IoError` for what is not there or damaged */
  read(sha256: Sha256): Buffer {
    const bytes = this.#readContent(sha256);
    if (!bytes) throw new RippleError('IoError', `content ${sha256} is in no file as its manifest says`);
    requireHash(bytes, sha256, `content ${sha256}`);
    return bytes;
  }
}

/** The first file with such a content that still has its size. */
function treeReader(tree: string, list: readonly FileLine[]): (sha256: Sha256) => Buffer | undefined {
  const root = new OpenRoot(tree);
  const files = new Map<Sha256, FileLine[]>();
  for (const file of list) files.set(file.sha256, [...(files.get(file.sha256) ?? []), file]);
  return (sha256) => {
    for (const { path, sizeBytes } of files.get(sha256) ?? []) {
      const opened = root.open(readPath('path', path).slice(2));
      if (!opened) continue;
      try {
        const bytes = Buffer.allocUnsafe(sizeBytes);
        if (opened.stat.size === BigInt(sizeBytes) && readFullySync(opened.fd, bytes, 0) === sizeBytes) return bytes;
      } finally {
        closeSync(opened.fd);
      }
    }
    return undefined;
  };
}

function requireHash(bytes: Uint8Array, sha256: Sha256, name: string): void {
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new RippleError('IoError', `${name} is damaged; put it back and try again`);
}
