/** What reading every file again costs while it goes on: at the configured rate, and as fast as it can. */
import { readFileSync } from 'node:fs';
import { CONFIG_KEYS } from '../../service/daemon/config-keys/index.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { parseManifest } from '../../service/image/manifest.ts';
import { machine, megabytes } from './report.ts';
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

const SECONDS = 30;

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

/** As BENCHMARKS.md has it. */
export function scrubText(scrub: ScrubLoad): string {
  const { rateBytesPerSecond, readBytesPerSecond, cpuPercent, cpuMsPerMegabyte, fullBytesPerSecond } = scrub;
  const mb = (bytes: number): string => `${megabytes(bytes)} MB`;
  return `## Reading every file again in idle time

Measured ${new Date().toISOString().slice(0, 10)} by \`npm run bench -- scrub\` on ${machine()}, for ${SECONDS} s, files in memory. At the default rate (\`scrub.rate\`,
${mb(rateBytesPerSecond)} a second) it reads ${mb(readBytesPerSecond)} a second and takes ${cpuPercent.toFixed(1)}% of one processor (${cpuMsPerMegabyte.toFixed(1)} ms for a megabyte). Without a bound it would read
${mb(fullBytesPerSecond)} a second.`;
}
