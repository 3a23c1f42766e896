/** Runs on its own thread: makes the contents and the manifest of a bundle, from the files of a deployment, in a folder. */
import { closeSync, constants, fstatSync, openSync, readFileSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { asRippleError, type ErrorCode } from '../api/errors.ts';
import type { BlobRef } from '../core/ports.ts';
import { DamagedBaseError, decodeBundle } from '../delta/bundle/index.ts';
import { MANIFEST_LIMITS } from '../image/manifest.ts';
import { readPath, readTime } from '../image/manifest-fields.ts';
import { OpenRoot } from '../store/open-beneath.ts';
import { readFullySync } from '../store/read-fully.ts';

export interface UnbundleJob {
  readonly bundle: string;
  /** Root of the deployment that the bundle starts from, and its manifest's file. */
  readonly tree: string;
  readonly manifestA: string;
  readonly expectedManifest: BlobRef;
  readonly maxNewBytes: number;
  /** An empty folder: gets the contents, named by their number, and `manifest`. */
  readonly out: string;
}

export type UnbundleReply =
  | { readonly kind: 'done'; readonly contents: readonly BlobRef[] }
  /** `blameless`: something of this machine is wrong, not the bundle. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string; readonly blameless: boolean };

/** Kept free for everything else that runs meanwhile. */
const RESERVE_BYTES = 16 * 1024 * 1024;

/** There is less room than the contents may take: what is refused for its size is then no fault of the bundle. */
let isTight = false;

function unbundle(job: UnbundleJob): readonly BlobRef[] {
  const root = new OpenRoot(job.tree);
  const disk = statfsSync(job.out);
  const roomBytes = Math.max(0, disk.bavail * disk.bsize - RESERVE_BYTES);
  isTight = roomBytes < job.maxNewBytes;
  let out: { readonly number: number; readonly fd: number } | undefined;
  const openOut = (number: number): number => {
    if (out?.number === number) return out.fd;
    if (out) closeSync(out.fd);
    const fd = openSync(
      join(job.out, `${number}`),
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    out = { number, fd };
    return fd;
  };
  try {
    const { manifest, contents } = decodeBundle({
      manifestA: readFileSync(job.manifestA),
      bundle: readFileSync(job.bundle),
      expectedManifest: job.expectedManifest,
      maxNewBytes: Math.min(job.maxNewBytes, roomBytes),
      maxContents: MANIFEST_LIMITS.maxEntries,
      base({ path, time, sizeBytes }) {
        const file = root.open(readPath('path', path).slice(2));
        if (!file) throw new DamagedBaseError(path);
        try {
          const { size, mtimeNs } = fstatSync(file.fd, { bigint: true });
          const bytes = Buffer.allocUnsafe(sizeBytes);
          const asListed = size === BigInt(sizeBytes) && mtimeNs === readTime(time.slice('time='.length));
          if (!asListed || readFullySync(file.fd, bytes, 0) < sizeBytes) throw new DamagedBaseError(path);
          return bytes;
        } finally {
          closeSync(file.fd);
        }
      },
      data(number, bytes) {
        const fd = openOut(number);
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      },
      // An empty content has no data.
      end: (number) => openOut(number),
    });
    writeFileSync(join(job.out, 'manifest'), manifest, { mode: 0o600, flag: 'wx' });
    return contents;
  } finally {
    if (out) closeSync(out.fd);
  }
}

const port = parentPort;
if (port) {
  const reply = (message: UnbundleReply): void => port.postMessage(message);
  try {
    reply({ kind: 'done', contents: unbundle(workerData) });
  } catch (error) {
    const { code, message } = asRippleError(error);
    const local = code === 'IoError' || code === 'NoSpace' || code === 'Internal';
    const blameless = error instanceof DamagedBaseError || local || isTight;
    reply({ kind: 'failed', code, message, blameless });
  }
}
