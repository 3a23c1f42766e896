/** What a laptop has on its disk: its versions, who it trusts, what it remembers and what it keeps of downloads. */
import { closeSync, mkdirSync } from 'node:fs';
import { BUNDLE_KEEP_MS, BundleShelf } from '../bundles/shelf.ts';
import type { Backend } from '../deploy/backend.ts';
import { chooseBackend } from '../deploy/choose-backend.ts';
import { Layout } from '../deploy/layout.ts';
import { BlobCache } from '../store/blob-cache.ts';
import type { LaptopContext } from './laptop-context.ts';
import { Memory } from './memory.ts';
import { Switcher } from './switcher.ts';
import { lockSysroot } from './sysroot-lock.ts';
import { TrustKeeper } from './trust-keeper.ts';

export interface LaptopDisk {
  readonly layout: Layout;
  readonly memory: Memory;
  readonly backend: Backend;
  readonly switcher: Switcher;
  readonly trust: TrustKeeper;
  readonly cache: BlobCache;
  readonly shelf: BundleShelf;
}

/**
 * Takes the sysroot for this process alone and puts right what a power cut left.
 * @throws RippleError where another daemon has it, or what is there cannot be used
 */
export async function openLaptopDisk({ config, logger, clock, closers }: LaptopContext): Promise<LaptopDisk> {
  const layout = new Layout(config.sysroot);
  const lock = lockSysroot(layout);
  closers.push(() => closeSync(lock));
  const memory = Memory.open(layout.stateFile);
  const backend = chooseBackend(layout, config.treesBackend);
  const switcher = new Switcher({
    layout,
    backend,
    image: config.image,
    marker: config.bootMarker,
    tries: config.bootTries,
    restartCommand: config.restartCommand,
    memory,
    logger,
  });
  await switcher.start();
  const trust = TrustKeeper.open(config.keyring, layout, memory, logger);
  logger.info('trees share bytes', { by: backend.name });
  const cache = new BlobCache(layout.blobs);
  mkdirSync(layout.bundles, { recursive: true, mode: 0o700 });
  const shelf = new BundleShelf({
    folder: layout.bundles,
    capBytes: config.bundleSpaceBytes,
    keepMs: BUNDLE_KEEP_MS,
    nowMs: () => clock.monotonicMs(),
  });
  return { layout, memory, backend, switcher, trust, cache, shelf };
}
