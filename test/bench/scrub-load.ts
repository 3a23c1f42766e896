/** What reading every file again costs while it goes on: at the configured rate, and as fast as it can. */
import { readFileSync } from 'node:fs';
import { CONFIG_KEYS } from '../../service/daemon/config-keys/index.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { parseManifest } from '../../service/image/manifest.ts';
import type { Sources } from './sources.ts';

export interface ScrubLoad {
  /** The default of `scrub.rate`. */
  readonly rateBytesPerSecond: number;
  readonly readBytesPerSecond: number;
  /** Of one processor. */
  readonly cpuPercent: number;
  /** Processor milliseconds for a megabyte. */
  readonly cpuMsPerMegabyte: number;
  /** Bytes a second without a bound. */
  readonly fullBytesPerSecond: number;
}

const SECONDS = 10;

export async function measureScrubLoad({ newer, manifest }: Sources): Promise<ScrubLoad> {
  const entries = parseManifest(readFileSync(manifest));
  const rateBytesPerSecond = Number(CONFIG_KEYS.find(({ key }) => key === 'scrub.rate')?.fallback);
  const read = async (options: { readonly rateBytesPerSecond?: number; readonly signal?: AbortSignal }) => {
    let bytes = 0;
    const [startedMs, before] = [performance.now(), process.cpuUsage()];
    const onProgress = (done: number): void => {
      bytes = done;
    };
    // It is stopped in the middle.
    await verifyDeployment(newer, entries, { ...options, onProgress }).catch(() => undefined);
    const { user, system } = process.cpuUsage(before);
    return { bytes, wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
  };
  // Once for the caches.
  const full = [await read({}), await read({})][1];
  const slow = await read({ rateBytesPerSecond, signal: AbortSignal.timeout(SECONDS * 1000) });
  return {
    rateBytesPerSecond,
    readBytesPerSecond: (slow.bytes * 1000) / slow.wallMs,
    cpuPercent: (slow.cpuMs * 100) / slow.wallMs,
    cpuMsPerMegabyte: (slow.cpuMs * 1e6) / slow.bytes,
    fullBytesPerSecond: full ? (full.bytes * 1000) / full.wallMs : 0,
  };
}
