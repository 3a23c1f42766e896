/**
 * One run of rsync(1) that brings named files into a folder of their own. Nothing here trusts the server: it runs as nobody when
 * this process is root, in a folder that is nobody's, with a bound on what the server may send, on each file, and on all of them.
 * What came is for the caller to check, file by file; modes, owners, times, links and attributes are not even asked for.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import type { ByteString } from '../core/entry.ts';
import type { RsyncOrigin } from '../core/rsync-origin.ts';
import { SourceError } from '../core/source-error.ts';
import { startRelay } from './rsync-relay.ts';

export interface RsyncWish {
  /** Relative, as in a manifest without the leading `./`. */
  readonly path: ByteString;
  readonly sizeBytes: number;
}

export interface RsyncRun {
  readonly origin: RsyncOrigin;
  /** Module and folder below the origin's host; of `parseRsyncOrigin`'s alphabet. */
  readonly below: string;
  readonly wishes: readonly RsyncWish[];
  /** From `newFolder`. What came lies in it when this resolves. */
  readonly folder: string;
  /** Where files of the same names lie that equal stretches are taken from, if whoever rsync runs as may read them. */
  readonly basis?: string;
  readonly stallMs: number;
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number) => void;
}

/** Debian's user and group that own nothing. */
const NOBODY = 65_534;
/** What the protocol says beside the content: names, sums, greetings. */
const OVERHEAD_BYTES = 1 << 20;
const OVERHEAD_PER_FILE = 1024;
const LOOK_MS = 250;
const MOST_TEXT = 2000;
/** "Some files could not be transferred": the caller sees which. */
const PARTIAL = [0, 23, 24];

/** A new folder for one run, below `workplace`: nobody's, and closed to everybody else. The caller removes it. */
export function newFolder(workplace: string): string {
  mkdirSync(workplace, { recursive: true });
  // Lets everybody pass, and nobody look.
  chmodSync(workplace, 0o711);
  const folder = mkdtempSync(join(workplace, 'came-'));
  if (isRoot()) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

/** And its workplace, unless something else is in there. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  try {
    rmdirSync(dirname(folder));
  } catch {
    // Another run's, or the basis.
  }
}

/** @throws SourceError; RippleError `Cancelled`, and `IoError` when there is no rsync on this machine */
export async function runRsync(run: RsyncRun): Promise<void> {
  const { origin, wishes, signal } = run;
  const total = wishes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const largest = wishes.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0);
  const names = wishes.reduce((sum, { path }) => sum + path.length, 0);
  const overhead = OVERHEAD_BYTES + wishes.length * OVERHEAD_PER_FILE + names;
  if (signal?.aborted) throw new RippleError('Cancelled', 'stopped');
  const relay = await startRelay({
    host: origin.host,
    port: origin.port,
    maxBytes: total + overhead,
    stallMs: run.stallMs,
    ...(run.onBytes ? { onBytes: run.onBytes } : {}),
  });
  let child: ChildProcess | undefined;
  let tooMuch = false;
  const kill = (): void => endGroup(child);
  const looking = setInterval(() => {
    if (bytesBelow(run.folder) <= total + OVERHEAD_BYTES) return;
    tooMuch = true;
    kill();
  }, LOOK_MS);
  signal?.addEventListener('abort', kill);
  try {
    child = start(run, relay.port, largest);
    const { status, text } = await ended(child, run.wishes);
    if (signal?.aborted) throw new RippleError('Cancelled', 'stopped');
    const end = relay.end();
    if (tooMuch || end === 'too much') throw new SourceError('lied', origin.url, 'sent more than the version has');
    if (PARTIAL.includes(status)) return;
    if (end !== 'open') throw new SourceError(end, origin.url, end === 'stalled' ? 'sent nothing more' : 'no answer');
    throw new SourceError('unusable', origin.url, `rsync ended with ${status}: ${text}`);
  } finally {
    clearInterval(looking);
    signal?.removeEventListener('abort', kill);
    // A process that it left must not write into what is checked next.
    kill();
    relay.close();
  }
}

function start(run: RsyncRun, port: number, largest: number): ChildProcess {
  const args = [
    `--fsize=${Math.max(1, largest)}`,
    'rsync',
    // Size and time say nothing of what is wanted: it is here only if it differs. Equal stretches still come from the basis.
    '--ignore-times',
    '--no-motd',
    '--files-from=-',
    '--from0',
    `--max-size=${largest}`,
    `--timeout=${Math.ceil(run.stallMs / 1000)}`,
    // Not --link-dest, which would make one inode of a file of the running tree and one that a stranger may change.
    ...(run.basis === undefined ? [] : [`--copy-dest=${run.basis}`]),
    '--',
    `rsync://127.0.0.1:${port}/${run.below}/`,
    // By no name: the folders above it are closed to whom it runs as.
    '.',
  ];
  return spawn('prlimit', args, {
    cwd: run.folder,
    // A session of its own: no terminal to ask for a password, and one signal reaches all of it.
    detached: true,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', HOME: '/nonexistent' },
    stdio: ['pipe', 'ignore', 'pipe'],
    ...(isRoot() ? { uid: NOBODY, gid: NOBODY } : {}),
  });
}

function ended(child: ChildProcess, wishes: readonly RsyncWish[]): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      if (text.length < MOST_TEXT) text += chunk.toString('latin1');
    });
    child.once('error', (error) =>
      reject(new RippleError('IoError', `cannot start rsync: install the package rsync (${error.message})`)),
    );
    child.once('close', (status) => {
      const line = text.split('\n').find((one) => one.trim() !== '') ?? '';
      resolve({ status: status ?? -1, text: line.replace(/[^\x20-\x7e]/g, '?').slice(0, 200) });
    });
    child.stdin?.on('error', () => {});
    // `./`: a name that begins with "#" would be a comment.
    child.stdin?.end(Buffer.from(wishes.map(({ path }) => `./${path}\0`).join(''), 'latin1'));
  });
}

function endGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

/** Content of everything in the folder, links not followed. */
function bytesBelow(folder: string): number {
  let sum = 0;
  const open: Buffer[] = [Buffer.from(folder)];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const name of namesIn(at)) {
      const path = Buffer.concat([at, Buffer.from('/'), name]);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isDirectory()) open.push(path);
      else if (stat?.isFile()) sum += stat.size;
    }
  }
  return sum;
}

function namesIn(folder: Buffer): Buffer[] {
  try {
    return readdirSync(folder, 'buffer');
  } catch {
    // A temporary name that is gone already.
    return [];
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
