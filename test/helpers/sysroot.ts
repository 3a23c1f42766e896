/** Small trees out of thin air, and a sysroot with a deployed version in a temporary folder. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectoryEntry, Entry, FileEntry } from '../../service/core/entry.ts';
import { BACKEND_NAMES, type Backend } from '../../service/deploy/backend.ts';
import { choose } from '../../service/deploy/boot-config.ts';
import { chooseBackend } from '../../service/deploy/choose-backend.ts';
import { type Deployment, Layout } from '../../service/deploy/layout.ts';
import { repairDeployment } from '../../service/deploy/repair.ts';
import { type StageOptions, type StageResult, stage } from '../../service/deploy/stage.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { formatManifest } from '../../service/image/manifest.ts';

export interface TestTree {
  readonly entries: readonly Entry[];
  /** Content by SHA-256. */
  readonly blobs: ReadonlyMap<string, Buffer>;
}

/** What every entry has unless a test says otherwise: our own, and a time with nanoseconds in it. */
export const DEFAULTS = {
  mode: 0o644,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  timeNs: 1_700_000_000_123_456_789n,
} as const;

type Metadata = Partial<Pick<FileEntry, 'mode' | 'uid' | 'gid' | 'timeNs' | 'xattrs'>>;
type Item = { readonly entry: Entry; readonly content?: Buffer };

/** `path` is a byte string: `./usr/bin/x`. */
export function file(path: string, content: string | Buffer, more: Metadata & Pick<FileEntry, 'sparse'> = {}): Item {
  const bytes = Buffer.from(content);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { content: bytes, entry: { ...DEFAULTS, ...more, path, type: 'file', sizeBytes: bytes.length, sha256 } };
}
/** Another name of the file `first`. */
export function alias(path: string, first: Item): Item {
  if (first.entry.type !== 'file') throw new Error('only files have aliases');
  return { ...first, entry: { ...first.entry, path, hardLinkOf: first.entry.path } };
}
export function folder(path: string, more: Metadata = {}): Item {
  return { entry: { ...DEFAULTS, mode: 0o755, ...more, path, type: 'dir' } };
}
export function symlink(path: string, target: string, more: Metadata = {}): Item {
  return { entry: { ...DEFAULTS, mode: 0o777, ...more, path, type: 'link', target } };
}
export function fifo(path: string): Item {
  return { entry: { ...DEFAULTS, path, type: 'fifo' } };
}
export function device(path: string, type: 'char' | 'block', number: number): Item {
  return { entry: { ...DEFAULTS, mode: 0o600, path, type, device: number } };
}

/** A tree of these, in manifest order, with the folders that are missing. */
export function treeOf(items: readonly Item[]): TestTree {
  const entries = new Map<string, Entry>([['.', folder('.').entry]]);
  const blobs = new Map<string, Buffer>();
  for (const { entry, content } of items) {
    entries.set(entry.path, entry);
    if (entry.type === 'file' && content) blobs.set(entry.sha256, content);
    for (let at = entry.path.lastIndexOf('/'); at > 1; at = entry.path.lastIndexOf('/', at - 1)) {
      const parent: DirectoryEntry = { ...DEFAULTS, mode: 0o755, path: entry.path.slice(0, at), type: 'dir' };
      if (!entries.has(parent.path)) entries.set(parent.path, parent);
    }
  }
  return { entries: [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), blobs };
}

/** Version `version` of a small image: most of it is the same in every version. */
export function smallImage(version: number): TestTree {
  const busy = file('./bin/busy', 'the same program\n', { mode: 0o755 });
  return treeOf([
    busy,
    alias('./bin/cat', busy),
    file('./etc/version', `${version}\n`),
    file('./etc/same', 'never changes\n'),
    file('./etc/touched', 'same bytes, other time\n', { timeNs: DEFAULTS.timeNs + BigInt(version) }),
    file('./usr/lib/big', Buffer.alloc(70_000, version)),
    file(`./usr/lib/moves.${version}`, 'changes only its name\n'),
    symlink('./lib', 'usr/lib'),
    symlink('./newest', `etc/version-${version}`),
  ]);
}

/** Four files of 8 MB whose times, and nothing else, differ from version to version: each is copied. */
export function largeImage(version: number): TestTree {
  const timeNs = DEFAULTS.timeNs + BigInt(version);
  return treeOf([1, 2, 3, 4].map((n) => file(`./large.${n}`, Buffer.alloc(8 << 20, n), { timeNs })));
}

export const xo = (version: number): Deployment => ({ image: 'xo', version });

/** What the tests of this process use: the same tests are run on several file systems. */
export const TEST_BACKEND = BACKEND_NAMES.find((name) => name === process.env.RIPPLE_TEST_BACKEND) ?? 'hardlink';

/** Pass as `skip` of what only hard links do; `backends.test.ts` runs the rest on other back ends, too. */
export const WITHOUT_LINKS = TEST_BACKEND === 'hardlink' ? false : 'equal files are not one inode here';

/** A sysroot with a blob cache, as the daemon has it. */
export class TestSysroot {
  readonly layout: Layout;
  /** Hard links, unless this process is to try another one. */
  readonly backend: Backend;
  constructor(root: string) {
    this.layout = new Layout(root);
    this.backend = chooseBackend(this.layout, TEST_BACKEND);
    for (const path of [this.layout.rootfs, this.layout.blobs, this.layout.manifests, this.layout.releases])
      mkdirSync(path, { recursive: true });
  }

  /** Puts the blobs of `tree` into the cache. */
  fill(tree: TestTree): void {
    for (const [sha256, content] of tree.blobs) {
      const path = join(this.layout.blobs, sha256);
      if (!existsSync(path)) writeFileSync(path, content);
    }
  }

  readonly blobPath = (sha256: string): string | undefined => {
    const path = join(this.layout.blobs, sha256);
    return existsSync(path) ? path : undefined;
  };

  /** Stages `version` with its manifest and a stand-in for its release, then empties the cache of what is in it now. */
  async stage(version: number, tree: TestTree, more: Partial<StageOptions> = {}): Promise<StageResult> {
    writeFileSync(this.layout.manifest(xo(version)), formatManifest(tree.entries));
    writeFileSync(this.layout.release(xo(version)), 'release');
    const result = await stage({
      layout: this.layout,
      backend: this.backend,
      target: xo(version),
      manifest: tree.entries,
      blobPath: this.blobPath,
      ...more,
    });
    for (const sha256 of result.usedBlobs) {
      const path = this.blobPath(sha256);
      if (path) unlinkSync(path);
    }
    return result;
  }

  /** The small image's `version`, staged and chosen for good; shares with `base` when that is given. */
  async deploy(version: number, base?: number): Promise<TestTree> {
    const tree = smallImage(version);
    this.fill(tree);
    await this.stage(version, tree, base === undefined ? {} : { base: this.base(base, smallImage(base)) });
    choose(this.layout, { current: xo(version), ...(base === undefined ? {} : { previous: xo(base) }) });
    return tree;
  }

  base(version: number, tree: TestTree): { deployment: Deployment; manifest: readonly Entry[] } {
    return { deployment: xo(version), manifest: tree.entries };
  }
}

/** Verifies the small image's `version` and mends it; `others` are here too. Whatever is missing comes from thin air. */
export async function repairVersion(sysroot: TestSysroot, version: number, others: readonly number[]): Promise<void> {
  const { layout } = sysroot;
  const tree = (one: number) => ({ deployment: xo(one), manifest: smallImage(one).entries });
  const { damaged } = await verifyDeployment(layout.deployment(xo(version)), tree(version).manifest);
  const options = {
    tree: tree(version),
    damaged,
    others: others.map(tree),
    fetchBlob: async ({ sha256 }: { readonly sha256: string }) => {
      sysroot.fill(smallImage(version));
      return join(layout.blobs, sha256);
    },
  };
  const { failed } = await repairDeployment(layout, options);
  if (failed[0]) throw failed[0].error;
}
