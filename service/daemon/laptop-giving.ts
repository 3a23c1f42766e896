/** What a laptop gives to its neighbours, and the server that gives it. */
import { OnDemandContent } from '../bundles/on-demand.ts';
import { BundleWorkshop } from '../bundles/workshop.ts';
import { type ShareServer, startShareServer } from '../share/server.ts';
import type { LaptopContext } from './laptop-context.ts';
import type { LaptopDisk } from './laptop-disk.ts';
import { Offering } from './offering.ts';
import type { PieceBoard } from './piece-board.ts';
import { isIdle, readPower } from './power.ts';
import { reportOf, type SelfFacts } from './self-description.ts';

const RETRY_AFTER_SECONDS = 1;

interface GivingParts {
  readonly disk: LaptopDisk;
  readonly board: PieceBoard;
  /** True while the laptop has work of its own. */
  isBusy(): boolean;
  self(): SelfFacts;
}

/** Starts to give; `undefined` where the laptop gives nothing. */
export async function startGiving(
  { config, logger, closers }: LaptopContext,
  { disk, board, isBusy, self }: GivingParts,
): Promise<ShareServer | undefined> {
  const { layout, switcher, cache, shelf, trust } = disk;
  const { image } = config;
  const offering = new Offering({
    layout,
    image,
    switcher,
    cache,
    shelf,
    trust,
    giveStaged: config.shareStaged,
    logger,
  });
  closers.push(() => offering.close());
  await offering.refresh();
  // What was made by nobody yet, a neighbour may get from here when nothing else is to be done.
  const workshop = new BundleWorkshop({
    shelf,
    sideOf: (sha256, role) => offering.sideOf(sha256, role),
    isFree: () => isIdle(config.powerSupplies, config.bundleLoadPercent) && !isBusy(),
    mayGoOn: () => readPower(config.powerSupplies).onMains,
    logger,
  });
  closers.push(() => workshop.stop());
  if (config.shareListen.length === 0) return undefined;
  const share = await startShareServer({
    host: config.shareListen,
    port: config.sharePort,
    content: config.bundleSpaceBytes > 0 ? new OnDemandContent([offering], workshop) : offering,
    slots: config.shareSlots,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    status: () => reportOf(self()),
    pieces: (manifest) => board.map(manifest),
    logger,
    ...(config.shareRateBytesPerSecond > 0 ? { rateBytesPerSecond: config.shareRateBytesPerSecond } : {}),
  });
  closers.push(() => share.close());
  return share;
}
