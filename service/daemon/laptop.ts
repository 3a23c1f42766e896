/** A laptop: its parts wired together. */
import { closeSync, mkdirSync } from 'node:fs';
import type { BusConnection } from '../../dbus/connection.ts';
import type { UpdaterState } from '../api/states.ts';
import { OnDemandContent } from '../bundles/on-demand.ts';
import { BUNDLE_KEEP_MS, BundleShelf } from '../bundles/shelf.ts';
import { BundleWorkshop } from '../bundles/workshop.ts';
import type { Announcement, Clock, Logger, Neighbour } from '../core/ports.ts';
import { SourceLedger } from '../core/source-ledger.ts';
import { chooseBackend } from '../deploy/choose-backend.ts';
import { Layout } from '../deploy/layout.ts';
import { createDiscovery } from '../discover/discovery.ts';
import { Pace } from '../fetch/pace.ts';
import { type ShareServer, startShareServer } from '../share/server.ts';
import { BlobCache } from '../store/blob-cache.ts';
import { giveBackSoon } from '../sys/spare-memory.ts';
import { blessWhenWell } from './blessing.ts';
import { connectUpdater } from './bus-link.ts';
import { Care } from './care.ts';
import { Checker } from './checker.ts';
import { ClassKeeper } from './class-keeper.ts';
import type { Config } from './config.ts';
import { FetchGate } from './fetch-gate.ts';
import { Fetcher } from './fetcher.ts';
import { LaptopUpdater } from './laptop-updater.ts';
import { wakeLaptop } from './laptop-waker.ts';
import { Memory } from './memory.ts';
import { Metered } from './metered.ts';
import { Offering } from './offering.ts';
import { OrderFollower } from './order-follower.ts';
import { OrderKeeper } from './order-keeper.ts';
import { PieceBoard } from './piece-board.ts';
import { isIdle, readPower } from './power.ts';
import type { RunningDaemon } from './running.ts';
import { Scheduler } from './scheduler.ts';
import { Scrubber } from './scrubber.ts';
import { announcementOf, reportOf, type SelfFacts } from './self-description.ts';
import { SourceBook } from './source-book.ts';
import { SourceMemory } from './source-memory.ts';
import { Switcher } from './switcher.ts';
import { lockSysroot } from './sysroot-lock.ts';
import { TrustKeeper } from './trust-keeper.ts';
import { DAEMON_VERSION } from './version.ts';

const RETRY_AFTER_SECONDS = 1;

const BUSY_STATES: readonly UpdaterState[] = ['checking', 'fetching', 'staging', 'restarting'];

type Closer = () => Promise<void> | void;

export interface LaptopOptions {
  /** The running version is blessed only once this file is there. */
  readonly blessWhen?: string;
}

export async function startLaptop(
  config: Config,
  logger: Logger,
  clock: Clock,
  options: LaptopOptions = {},
): Promise<RunningDaemon> {
  const closers: Closer[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    return { ...(await wire(config, logger, clock, options, closers)), stop };
  } catch (error) {
    // What was opened before the trouble must not keep the process, the port or the name on the bus.
    await stop();
    throw error;
  }
}

/** Puts the parts together and starts them; each that must be stopped again adds how, in the order of starting. */
async function wire(
  config: Config,
  logger: Logger,
  clock: Clock,
  { blessWhen }: LaptopOptions,
  closers: Closer[],
): Promise<Omit<RunningDaemon, 'stop'>> {
  const layout = new Layout(config.sysroot);
  const lock = lockSysroot(layout);
  closers.push(() => closeSync(lock));
  const memory = Memory.open(layout.stateFile);
  const { image } = config;
  const backend = chooseBackend(layout, config.treesBackend);
  const switcher = new Switcher({
    layout,
    backend,
    image,
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
  const ledger = new SourceLedger();
  const sourceMemory = new SourceMemory(layout.sourcesFile, ledger, clock, logger);
  closers.push(() => sourceMemory.write());
  // Whoever gives nothing has no address to announce, and neighbours only answer those they can ask back.
  const discovery =
    config.discoveryKind === 'none' || config.shareListen.length === 0
      ? undefined
      : createDiscovery({ kind: config.discoveryKind, interfaces: config.discoveryInterfaces, logger, clock });
  const neighbours = (): readonly Neighbour[] => discovery?.neighbours() ?? [];
  const metered = new Metered();
  const gate = new FetchGate({
    powerSupplies: config.powerSupplies,
    floorPercent: config.powerFloorPercent,
    quietHours: config.fetchQuietHours,
    isMetered: () => metered.isMetered && !config.fetchMetered,
    trustedSeconds: () => memory.state.trustedTimeSeconds,
    clock,
  });
  const sources = new SourceBook({
    image,
    origins: config.origins,
    rsyncFolder: layout.rsync,
    discovery,
    ledger,
    stallMs: config.fetchStallMs,
    pace: config.fetchRateBytesPerSecond > 0 ? new Pace(config.fetchRateBytesPerSecond) : undefined,
    mayAsk: (kind) => gate.mayAsk(kind),
    clock,
  });
  const board = new PieceBoard(
    (ref) => cache.has(ref),
    () => clock.monotonicMs(),
  );
  const fetcher = new Fetcher({
    board,
    ownId: memory.state.id,
    layout,
    backend,
    image,
    trust,
    sources,
    ledger,
    cache,
    shelf,
    switcher,
    clock,
    logger,
  });
  const checker = new Checker({
    image,
    trust,
    sources,
    logger,
    booted: () => switcher.facts().booted,
    describe: (release, signal) => fetcher.describe(release, signal),
  });
  const care = new Care({ layout, switcher, fetcher, cache, logger });
  const updater = new LaptopUpdater({
    image,
    daemonVersion: DAEMON_VERSION,
    memory,
    checker,
    fetcher,
    switcher,
    care,
    peers: sources,
    clock,
    logger,
    gate,
    rest: () => {
      sourceMemory.write();
      giveBackSoon();
    },
  });
  switcher.onChange(() => updater.changed());
  const orders = new OrderKeeper({
    image,
    trust,
    memory,
    sources,
    fileOf: (epoch) => layout.order(image, epoch),
    clock,
    logger,
  });
  closers.push(() => orders.stop());
  await orders.start();
  const follower = new OrderFollower({
    image,
    classes: config.classes,
    keeper: orders,
    updater,
    switcher,
    memory,
    neighbours,
    learnRelease: (version, signal) => fetcher.learnRelease(version, signal),
    clock,
    logger,
  });
  closers.push(() => follower.stop());

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
    isFree: () =>
      isIdle(config.powerSupplies, config.bundleLoadPercent) && !BUSY_STATES.includes(updater.snapshot().state),
    mayGoOn: () => readPower(config.powerSupplies).onMains,
    logger,
  });
  closers.push(() => workshop.stop());
  const self = (): SelfFacts => ({
    config,
    memory: memory.state,
    facts: switcher.facts(),
    snapshot: updater.snapshot(),
    orderEpoch: orders.epoch,
    follows: follower.follows,
  });
  let share: ShareServer | undefined;
  if (config.shareListen.length > 0) {
    const opened = await startShareServer({
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
    closers.push(() => opened.close());
    share = opened;
  }

  const announcement = (): Announcement => announcementOf(self(), share?.port ?? 0);
  const scheduler = new Scheduler({
    minutes: config.checkMinutes,
    automatic: config.fetchAutomatic,
    updater,
    sources,
    clock,
    logger,
  });

  const classroom =
    config.role === 'teacher'
      ? new ClassKeeper({
          image,
          neighbours,
          doubt: (id) => sources.doubt(id),
          file: layout.classFile,
          stuckMs: config.stuckMs,
          publish: (bytes) => orders.publish(bytes),
          clock,
          logger,
        })
      : undefined;
  closers.push(() => classroom?.stop());
  classroom?.start();
  let bus: BusConnection | undefined;
  if (config.busAddress !== 'none') {
    bus = await connectUpdater(config, updater, logger, classroom);
    closers.push(() => bus?.close());
    metered.follow(bus);
  }
  closers.push(() => updater.stop());
  updater.start();
  // It started, it answers on the bus, it gives.
  closers.push(await blessWhenWell(switcher, blessWhen, logger));
  if (discovery) {
    closers.push(() => discovery.stop());
    await discovery.start(announcement());
    discovery.onChange(() => {
      for (const neighbour of discovery.neighbours()) if (neighbour.alive) ledger.seenAgain(neighbour.id);
      updater.changed();
      scheduler.neighboursChanged();
      orders.neighboursChanged();
    });
    updater.onChange(() => discovery.announce(announcement()));
  }
  closers.push(() => scheduler.stop());
  scheduler.start();
  if (discovery && config.wakeEnabled) {
    const waker = wakeLaptop({ config, trust, switcher, scheduler, clock, logger });
    closers.push(() => waker.stop());
  }
  follower.start();
  const scrubber = new Scrubber({
    layout,
    switcher,
    memory,
    rateBytesPerSecond: config.scrubRateBytesPerSecond,
    days: config.scrubDays,
    isFree: () =>
      isIdle(config.powerSupplies, config.scrubLoadPercent) && !BUSY_STATES.includes(updater.snapshot().state),
    mend: (version, damaged) => updater.careQuietly((signal) => care.mend(version, damaged, signal)),
    clock,
    logger,
  });
  closers.push(() => scrubber.stop());
  scrubber.start();
  giveBackSoon();
  return { url: share?.url ?? '', onBusLost: (listener) => bus?.onClose(listener) };
}
