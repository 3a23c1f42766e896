/** What is simulated unless something else is said. Figures without a source are guesses; `ripple simulate --help` says so. */
import type { Links, Machine, Update } from './figures.ts';

/** A new kernel, as `npm run bench:wire` measured it (BENCHMARKS.md, kernel-modules), in the tree of a whole system. */
export const KERNEL: Update = {
  treeBytes: 3_000_000_000,
  manifestBytes: 4_000_000,
  changedBytes: 102_521_424,
  changedFiles: 904,
  bundleBytes: 894_571,
  rsyncBytes: 22_715_386,
};

/** Of a small laptop; guessed. */
export const LAPTOP: Machine = {
  lookSeconds: 0.3,
  stageSeconds: 3,
  stageSecondsPerMegabyte: 0.02,
  unpackSeconds: 8,
  takeSecondsPerMegabyte: 0.03,
  giveSecondsPerMegabyte: 0.01,
  requestSeconds: 0.002,
  sharedCores: 0,
};

const BITS = 8;

/** Of the room's channel what is left to the bytes themselves; guessed. */
export function links(serverMbit: number, airMbit: number): Links {
  return {
    serverBytesPerSecond: (serverMbit * 1e6) / BITS,
    airBytesPerSecond: (airMbit * 1e6) / BITS,
    laptopBytesPerSecond: 12_500_000,
    requestSeconds: 0.01,
  };
}

/** Bytes and files of another size, in the proportions of the first. */
export function scaledTo(update: Update, changedBytes: number): Update {
  const share = changedBytes / update.changedBytes;
  return {
    ...update,
    changedBytes,
    changedFiles: Math.max(1, Math.round(update.changedFiles * share)),
    bundleBytes: Math.max(1, Math.round(update.bundleBytes * share)),
    rsyncBytes: Math.max(1, Math.round(update.rsyncBytes * share)),
  };
}

/** Of a full Ethernet frame with TCP and its timestamps: 1,448 of 1,514 bytes. */
const PAYLOAD = 1448 / 1514;

/**
 * The class that `npm run bench:class` measures: laptops that are processes of one machine, on wires without a cap, and a
 * server whose frames are counted by its cap. No bundles.
 */
export function measuredClass(setup: {
  readonly contentBytes: number;
  readonly blobs: number;
  readonly manifestBytes: number;
  readonly serverBitsPerSecond: number;
}): { readonly update: Update; readonly links: Links; readonly quantumSeconds: number } {
  const { contentBytes, manifestBytes } = setup;
  return {
    update: {
      treeBytes: contentBytes,
      manifestBytes,
      changedBytes: contentBytes,
      changedFiles: setup.blobs,
      bundleBytes: Number.MAX_SAFE_INTEGER,
      rsyncBytes: contentBytes,
    },
    links: {
      serverBytesPerSecond: (PAYLOAD * setup.serverBitsPerSecond) / BITS,
      airBytesPerSecond: Number.MAX_SAFE_INTEGER,
      laptopBytesPerSecond: Number.MAX_SAFE_INTEGER,
      requestSeconds: 0.001,
    },
    quantumSeconds: CLASS_QUANTUM_SECONDS,
  };
}

export const SLOTS = 4;
/** Files are put together to so many pieces; a school to fewer: the simulation is quicker, the bytes are the same. */
export const CLASS_PIECES = 32;
export const SCHOOL_PIECES = 8;
export const CLASS_QUANTUM_SECONDS = 0.01;
export const SCHOOL_QUANTUM_SECONDS = 1;
