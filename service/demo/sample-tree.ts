/**
 * A sample image made on the spot from the machine's own files: some tens of megabytes of real programs, libraries, data
 * and text, and a next version that differs from it as a security update does.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RippleError } from '../api/errors.ts';

/** Where the sample is taken from, with a budget in bytes each; a folder that is not there gives nothing. */
const PARTS: readonly { readonly from: string; readonly budgetBytes: number }[] = [
  { from: '/usr/bin', budgetBytes: 12_000_000 },
  { from: '/usr/sbin', budgetBytes: 2_000_000 },
  { from: '/usr/lib/x86_64-linux-gnu', budgetBytes: 20_000_000 },
  { from: '/usr/lib/aarch64-linux-gnu', budgetBytes: 20_000_000 },
  { from: '/usr/lib64', budgetBytes: 6_000_000 },
  { from: '/usr/share/zoneinfo', budgetBytes: 2_000_000 },
  { from: '/usr/share/perl', budgetBytes: 3_000_000 },
  { from: '/usr/share/mime', budgetBytes: 2_000_000 },
  { from: '/usr/share/common-licenses', budgetBytes: 1_000_000 },
];
const LARGEST_FILE_BYTES = 4_000_000;
/** Every entry gets this time in the first version; what changes gets the second. Unix seconds. */
const FIRST_TIME = 1_700_000_000;
const NEXT_TIME = 1_710_000_000;
const NEXT_LIBRARY_SUFFIX = '.ripple7';

/** Writes the older tree. @throws RippleError `IoError` when the machine has next to nothing to take. */
export function makeSampleTree(tree: string, version: number): void {
  let totalBytes = 0;
  for (const part of PARTS) totalBytes += copyPart(part.from, join(tree, part.from), part.budgetBytes);
  if (totalBytes < 5_000_000) {
    throw new RippleError(
      'IoError',
      `found only ${totalBytes} bytes of system files to make a sample of; name your own trees: --tree DIR --tree DIR`,
    );
  }
  for (const folder of ['etc', 'home', 'var', 'proc', 'sys', 'dev', 'run', 'tmp'])
    mkdirSync(join(tree, folder), { recursive: true });
  writeOsRelease(tree, version);
  walk(tree, (path, isLink) => {
    if (isLink) lutimesSync(path, FIRST_TIME, FIRST_TIME);
    else utimesSync(path, FIRST_TIME, FIRST_TIME);
  });
}

/**
 * Changes a copy of the older tree into the next version, in the ways a security update does: some programs and
 * libraries rebuilt (code moved by an insertion, scattered addresses changed), one library renamed with its links, some
 * text changed, a file new, one gone. Which files: chosen by the hash of their path, so that it is the same every time.
 */
export function updateSampleTree(tree: string, version: number): void {
  const files: string[] = [];
  walk(tree, (path, isLink) => {
    if (!isLink && lstatSync(path).isFile()) files.push(path);
  });
  const chance = (path: string): number =>
    createHash('sha256').update(path.slice(tree.length)).digest().readUInt16BE(0) / 65_536;
  const binaries = files.filter((path) => lstatSync(path).size > 4096 && isElf(path));
  for (const path of binaries.filter((candidate) => chance(candidate) < 0.12))
    rewrite(path, rebuilt(readFileSync(path)));
  const texts = files.filter((path) => !binaries.includes(path) && chance(path) < 0.05);
  for (const path of texts) rewrite(path, Buffer.concat([readFileSync(path), Buffer.from(`\n# version ${version}\n`)]));
  const library = binaries.find((path) => /\/lib[^/]*\.so\.[0-9.]+$/.test(path));
  if (library) renameLibrary(tree, library);
  const gone = texts[0];
  if (gone) rmSync(gone);
  mkdirSync(join(tree, 'usr/share/ripple'), { recursive: true });
  rewrite(join(tree, 'usr/share/ripple/new-in-this-version'), Buffer.from('A new drawing program, and safer music.\n'));
  writeOsRelease(tree, version);
}

function writeOsRelease(tree: string, version: number): void {
  rewrite(join(tree, 'etc/os-release'), Buffer.from(`NAME="Sugar sample"\nID=sugar\nVERSION_ID=${version}\n`));
}

function rewrite(path: string, bytes: Buffer): void {
  const mode = modeOf(path);
  rmSync(path, { force: true });
  writeFileSync(path, bytes);
  chmodSync(path, mode);
  utimesSync(path, NEXT_TIME, NEXT_TIME);
}

function modeOf(path: string): number {
  try {
    return lstatSync(path).mode & 0o7777;
  } catch {
    return 0o644;
  }
}

function isElf(path: string): boolean {
  return readFileSync(path).subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));
}

/** As a rebuilt program looks from outside: 48 bytes more at a third, and every 4 kB a little-endian address that moved. */
function rebuilt(bytes: Buffer): Buffer {
  const at = Math.floor(bytes.length / 3) & ~15;
  const fresh = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(48, 0x90), bytes.subarray(at)]);
  for (let offset = at + 64; offset + 4 <= fresh.length; offset += 4096)
    fresh.writeUInt32LE((fresh.readUInt32LE(offset) + 48) >>> 0, offset);
  return fresh;
}

function renameLibrary(tree: string, library: string): void {
  const name = basename(library);
  const fresh = `${name}${NEXT_LIBRARY_SUFFIX}`;
  renameSync(library, join(dirname(library), fresh));
  const links: string[] = [];
  walk(tree, (path, isLink) => {
    if (isLink && basename(readlinkSync(path)) === name && dirname(path) === dirname(library)) links.push(path);
  });
  for (const link of links) {
    rmSync(link);
    symlinkSync(fresh, link);
    lutimesSync(link, NEXT_TIME, NEXT_TIME);
  }
}

/** Children before their folder, so that a folder's time can be set after its children were made. */
function walk(folder: string, visit: (path: string, isLink: boolean) => void): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) walk(path, visit);
    else visit(path, entry.isSymbolicLink());
  }
  visit(folder, false);
}

/** Copies files and links in order of name until the budget is spent; what cannot be read is left out. */
function copyPart(from: string, to: string, budgetBytes: number, depth = 0): number {
  let entries: import('node:fs').Dirent[];
  try {
    if (lstatSync(from).isSymbolicLink()) return 0;
    entries = readdirSync(from, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return 0;
  }
  mkdirSync(to, { recursive: true });
  let bytes = 0;
  for (const entry of entries) {
    if (bytes >= budgetBytes) break;
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    try {
      if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
      else if (entry.isDirectory() && depth < 4) bytes += copyPart(source, target, budgetBytes - bytes, depth + 1);
      else if (entry.isFile()) {
        const stat = lstatSync(source);
        if (stat.size > LARGEST_FILE_BYTES) continue;
        copyFileSync(source, target);
        chmodSync(target, stat.mode & 0o777);
        bytes += stat.size;
      }
    } catch {
      // Not readable for this user: the sample does without it.
    }
  }
  return bytes;
}
