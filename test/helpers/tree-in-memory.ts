/** Trees that live in memory: a manifest and the contents that it names. */
import { createHash } from 'node:crypto';
import type { Entry } from '../../service/core/entry.ts';
import type { BlobRef } from '../../service/core/ports.ts';
import { type BaseFile, decodeBundle, encodeBundle } from '../../service/delta/bundle/index.ts';
import { formatManifest } from '../../service/image/manifest.ts';

export interface FileInMemory {
  readonly bytes: Uint8Array;
  readonly time?: number;
  /** Path of the first of its hard-link group. */
  readonly hardLinkOf?: string;
}

export interface TreeInMemory {
  readonly manifest: Buffer;
  readonly ref: BlobRef;
  readonly read: (sha256: string) => Uint8Array;
}

export function treeInMemory(files: Readonly<Record<string, FileInMemory>>): TreeInMemory {
  const blobs = new Map<string, Uint8Array>();
  const folders = new Set<string>(['.']);
  const common = { uid: 0, gid: 0 };
  const entries: Entry[] = [];
  for (const [name, { bytes, time = 1_700_000_000, hardLinkOf }] of Object.entries(files)) {
    const path = `./${name}`;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      folders.add(path.slice(0, end));
    blobs.set(sha(bytes), bytes);
    entries.push({
      ...common,
      path,
      type: 'file',
      mode: 0o644,
      timeNs: BigInt(time) * 1_000_000_000n,
      sizeBytes: bytes.length,
      sha256: sha(bytes),
      ...(hardLinkOf === undefined ? {} : { hardLinkOf: `./${hardLinkOf}` }),
    });
  }
  for (const path of folders) entries.push({ ...common, path, type: 'dir', mode: 0o755, timeNs: 0n });
  const manifest = formatManifest(entries);
  return {
    manifest,
    ref: { sha256: sha(manifest), sizeBytes: manifest.length },
    read: (sha256) => {
      const bytes = blobs.get(sha256);
      if (!bytes) throw new Error(`no blob ${sha256}`);
      return bytes;
    },
  };
}

export function bundleBetween(a: TreeInMemory, b: TreeInMemory): Buffer {
  return Buffer.concat([
    ...encodeBundle({ manifestA: a.manifest, manifestB: b.manifest, readA: a.read, readB: b.read }),
  ]);
}

export const BUNDLE_LIMITS = { maxNewBytes: 1 << 24, maxContents: 10_000 };

/** What a decoder asks for, where contents are found by their hash. */
export function basesFrom(
  readA: (sha256: string) => Uint8Array,
  readB: (sha256: string) => Uint8Array,
): (files: readonly BaseFile[]) => Uint8Array {
  const read = (each: BaseFile): Uint8Array =>
    each.kind === 'old' ? readA(each.file.sha256) : readB(each.content.sha256);
  return (files) => Buffer.concat(files.map(read));
}

/** The contents that come out, by hash. */
export function unbundle(
  a: TreeInMemory,
  b: TreeInMemory,
  bundle: Uint8Array,
  limits: Partial<typeof BUNDLE_LIMITS> = {},
): Map<string, Buffer> {
  const parts: Buffer[][] = [];
  const { contents, manifest } = decodeBundle({
    manifestA: a.manifest,
    bundle,
    expectedManifest: b.ref,
    ...BUNDLE_LIMITS,
    ...limits,
    base: basesFrom(a.read, b.read),
    data: (number, bytes) => {
      parts[number] ??= [];
      parts[number]?.push(Buffer.from(bytes));
    },
  });
  if (!manifest.equals(b.manifest)) throw new Error('another manifest');
  return new Map(contents.map(({ sha256 }, i) => [sha256, Buffer.concat(parts[i] ?? [])]));
}

function sha(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
