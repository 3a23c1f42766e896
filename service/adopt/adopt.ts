/**
 * Makes an installed Debian deployment 1 of its own disk, while it runs and without touching it: its system files are copied (cloned
 * where the file system can) to `rootfs/<image>.<n>`, what is the laptop's own is left where it is and linked to, and at the end
 * one rename makes the boot pointer. Until then, and after it too, the old system starts as before. A run that was cut short
 * is begun again by the next one.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { ByteString, Entry } from '../core/entry.ts';
import type { StagePlan } from '../core/plan.ts';
import { HardLinkBackend } from '../deploy/backend.ts';
import { choose } from '../deploy/boot-config.ts';
import { syncPath } from '../deploy/disk-path.ts';
import { type Deployment, Layout } from '../deploy/layout.ts';
import { Pace } from '../deploy/pace.ts';
import { DELETING } from '../deploy/removal.ts';
import { assertRoom } from '../deploy/space.ts';
import { stage } from '../deploy/stage.ts';
import { TreeBuilder } from '../deploy/tree-builder.ts';
import { formatRelease } from '../image/documents.ts';
import { compareBytes, displayPath } from '../image/entries.ts';
import { formatManifest } from '../image/manifest.ts';
import { contentBytes, walkTree } from '../image/walk.ts';
import { writeSignedMessage } from '../sign/packets.ts';
import { writeDurablySync } from '../sys/durable.ts';
import { syncFileSystem } from '../sys/libc.ts';
import { isStranger, isVersion, LAPTOP_FOLDERS, NEEDED_FOLDERS } from './boundary.ts';
import { copyPlan } from './copy-plan.ts';
import { adoptedFstab, fstabFolders, ownEtc } from './own-etc.ts';

export interface AdoptOptions {
  /** Where the installed system is mounted; its disk is the sysroot. */
  readonly root: string;
  readonly target: Deployment;
  readonly signal: AbortSignal;
  readonly onProgress?: (phase: 'reading' | 'copying', doneBytes: number, totalBytes: number) => void;
}

/** What was read of the installed system: how `adopt` would take it over. */
export interface Adoption {
  readonly entries: readonly Entry[];
  readonly plan: StagePlan;
  /** The file system can share the bytes of two files. */
  readonly clones: boolean;
  readonly totalBytes: number;
  /** Paths of /etc that become the laptop's own. */
  readonly ownEtc: readonly ByteString[];
  /** What stays on the disk, outside of every version. */
  readonly strangers: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Reads and counts; changes nothing.
 * @throws RippleError `NoSpace` with both numbers, `IoError` for what changed meanwhile, `InvalidArgument` for mounts inside
 */
export async function surveyAdoption(options: AdoptOptions): Promise<Adoption> {
  const { root, signal, onProgress } = options;
  const own = ownEtc(root);
  const strangers: string[] = [];
  const { entries: found, warnings } = await walkTree(root, {
    signal,
    leaveOut: (path, isLink) => {
      if (isStranger(path, isLink)) strangers.push(displayPath(path).slice(1));
      return !isVersion(path, isLink, own);
    },
    onProgress: ({ doneBytes, totalBytes }) => onProgress?.('reading', doneBytes, totalBytes),
  });
  const entries = withFolders(found, [...NEEDED_FOLDERS, ...mountedLater(root)]);
  const clones = canClone(root);
  const plan = copyPlan(entries);
  // Cloned bytes take no room; their names and folders do.
  assertRoom(new Layout(root), clones ? { ...plan, steps: plan.steps.map(cloned) } : plan);
  return {
    entries,
    plan,
    clones,
    totalBytes: contentBytes(entries),
    ownEtc: [...own].sort(compareBytes),
    strangers: [...new Set(strangers)].sort(),
    warnings,
  };
}

/** Carries out what was surveyed. The caller holds the lock of the sysroot. */
export async function adopt(options: AdoptOptions, adoption: Adoption): Promise<void> {
  const { root, target, signal } = options;
  const layout = new Layout(root);
  const { entries, plan } = adoption;
  await forgetFormerRun(layout, target);
  await keepLaptop(root, signal);
  const manifest = formatManifest(entries);
  writeDurablySync(layout.manifest(target), manifest);
  writeDurablySync(layout.release(target), ownRecord(target, manifest, adoption.totalBytes));
  const names = new Map(entries.flatMap((entry) => (entry.type === 'file' ? [[entry.sha256, entry.path]] : [])));
  await stage({
    layout,
    target,
    manifest: entries,
    plan,
    base: { deployment: target, manifest: entries, root },
    blobPath: () => undefined,
    fetchBlob: ({ sha256 }) => Promise.reject(changedMeanwhile(names.get(sha256) ?? sha256)),
    signal,
    onProgress: (doneBytes, totalBytes) => options.onProgress?.('copying', doneBytes, totalBytes),
  });
  // The one commit: before it nothing points to what was made.
  choose(layout, { current: target });
}

/** A whole tree that no pointer names is from a run that was cut short; what it was copied from may have changed since. */
async function forgetFormerRun(layout: Layout, target: Deployment): Promise<void> {
  mkdirSync(layout.rootfs, { recursive: true, mode: 0o700 });
  const backend = new HardLinkBackend();
  const doomed = `${layout.deployment(target)}${DELETING}`;
  await backend.removeTree(doomed);
  if (!existsSync(layout.deployment(target))) return;
  renameSync(layout.deployment(target), doomed);
  syncPath(layout.rootfs);
  await backend.removeTree(doomed);
}

/** `<sysroot>/laptop`: its own /etc as the upper layer, and the way to /home, /root and /var, which stay where they are. */
async function keepLaptop(root: string, signal: AbortSignal): Promise<void> {
  const laptop = join(root, 'laptop');
  mkdirSync(laptop, { recursive: true, mode: 0o755 });
  for (const name of LAPTOP_FOLDERS) {
    if (!lstatSync(join(laptop, name), { throwIfNoEntry: false })) symlinkSync(`../${name}`, join(laptop, name));
  }
  const own = new Set([...ownEtc(root)].map((path) => path.replace('./etc/', './')));
  const ways = new Set([...own].flatMap((path) => ancestors(path)));
  const etc = join(root, 'etc');
  const { entries } = await walkTree(etc, { signal, leaveOut: (path) => !own.has(path) && !ways.has(path) });
  const backend = new HardLinkBackend();
  const fresh = join(laptop, 'etc.new');
  await backend.removeTree(fresh);
  backend.createTree(fresh);
  const builder = new TreeBuilder({
    backend,
    root: fresh,
    baseRoot: etc,
    kept: new Set(),
    blobPath: () => undefined,
    fetchBlob: () => Promise.reject(changedMeanwhile('./etc')),
    pace: new Pace(signal),
  });
  for (const step of copyPlan(entries).steps) await builder.place(step);
  await builder.finish();
  const fstab = join(fresh, 'fstab');
  if (existsSync(fstab)) writeFileSync(fstab, adoptedFstab(readFileSync(fstab, 'utf8')));
  await syncFileSystem(fresh);
  rmSync(join(laptop, 'etc'), { recursive: true, force: true });
  renameSync(fresh, join(laptop, 'etc'));
  syncPath(laptop);
}

function ancestors(path: ByteString): ByteString[] {
  const parts = path.split('/');
  return parts.slice(1, -1).map((_, i) => parts.slice(0, i + 2).join('/'));
}

/**
 * What stands where a version has its release: the same statement, signed by nobody. It makes the tree one that can be verified and
 * shared with the next version; it is never given to anybody.
 */
function ownRecord({ image, version }: Deployment, manifest: Uint8Array, sizeBytes: number): Uint8Array {
  const ref = (bytes: Uint8Array): { sha256: string; sizeBytes: number } => ({
    sha256: createHash('sha256').update(bytes).digest('hex'),
    sizeBytes: bytes.length,
  });
  const release = formatRelease({
    image,
    version,
    manifest: ref(manifest),
    sizeBytes,
    severity: 'normal',
    released: new Date().toISOString(),
    notes: ref(Buffer.from('{}')),
  });
  return writeSignedMessage(release, []);
}

/** Empty folders to mount on, whether or not something is mounted there now. Those outside of every folder of the version go. */
function withFolders(
  found: readonly Entry[],
  folders: readonly (readonly [path: ByteString, mode: number])[],
): readonly Entry[] {
  const entries = new Map(found.map((entry) => [entry.path, entry]));
  const timeNs = found[0]?.timeNs ?? 0n;
  for (const [path, mode] of folders) {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (entries.has(path) || entries.get(parent)?.type !== 'dir') continue;
    entries.set(path, { path, type: 'dir', mode, uid: 0, gid: 0, timeNs });
  }
  return [...entries.values()].sort((a, b) => compareBytes(a.path, b.path));
}

/** What fstab(5) mounts needs its folder in a root that nobody can write to. */
function mountedLater(root: string): (readonly [ByteString, number])[] {
  const fstab = join(root, 'etc/fstab');
  return (existsSync(fstab) ? fstabFolders(readFileSync(fstab, 'utf8')) : []).map((path) => [path, 0o755] as const);
}

function cloned(step: StagePlan['steps'][number]): StagePlan['steps'][number] {
  return step.kind === 'copy' ? { kind: 'link', entry: step.entry, from: step.from } : step;
}

/** Tries it out on a file of its own, for a file system that can says so nowhere. */
function canClone(root: string): boolean {
  const [from, to] = [join(root, `.ripple-clone-${process.pid}`), join(root, `.ripple-cloned-${process.pid}`)];
  try {
    writeFileSync(from, Buffer.alloc(4096, 1), { flag: 'wx' });
    return new HardLinkBackend().cloneContent(from, to);
  } finally {
    rmSync(from, { force: true });
    rmSync(to, { force: true });
  }
}

function changedMeanwhile(path: ByteString): RippleError {
  return new RippleError(
    'IoError',
    `${displayPath(path).slice(1)} changed while it was copied; stop what writes to the system and try again`,
  );
}
