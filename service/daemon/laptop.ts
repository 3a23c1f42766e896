/** A laptop: its parts wired together. */
import type { BusConnection } from '../../dbus/connection.ts';
import type { UpdaterState } from '../api/states.ts';
import type { Announcement, Clock, Logger } from '../core/ports.ts';
import { giveBackSoon } from '../sys/spare-memory.ts';
import { blessWhenWell } from './blessing.ts';
import { connectUpdater } from './bus-link.ts';
import { Care } from './care.ts';
import { ClassKeeper } from './class-keeper.ts';
import type { Config } from './config.ts';
import type { LaptopContext } from './laptop-context.ts';
import { openLaptopDisk } from './laptop-disk.ts';
import { wireGetting } from './laptop-getting.ts';
import { startGiving } from './laptop-giving.ts';
import { watchSticks } from './laptop-sticks.ts';
import { LaptopUpdater } from './laptop-updater.ts';
import { wakeLaptop } from './laptop-waker.ts';
import { OrderFollower } from './order-follower.ts';
import { OrderKeeper } from './order-keeper.ts';
import { isIdle } from './power.ts';
import type { RunningDaemon } from './running.ts';
import { Scheduler } from './scheduler.ts';
import { Scrubber } from './scrubber.ts';
import { announcementOf, type SelfFacts } from './self-description.ts';
import { DAEMON_VERSION } from './version.ts';

const BUSY_STATES: readonly UpdaterState[] = ['checking', 'fetching', 'staging', 'restarting'];

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
  const closers: LaptopContext['closers'] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    return { ...(await wire({ config, logger, clock, closers }, options)), stop };
  } catch (error) {
    // What was opened before the trouble must not keep the process, the port or the name on the bus.
    await stop();
    throw error;
  }
}

/** Puts the parts together and starts them. */
async function wire(context: LaptopContext, { blessWhen }: LaptopOptions): Promise<Omit<RunningDaemon, 'stop'>> {
  const { config, logger, clock, closers } = context;
  const { image } = config;
  const disk = await openLaptopDisk(context);
  const { layout, memory, switcher, trust, cache } = disk;
  const getting = wireGetting(context, disk);
  const { ledger, sourceMemory, discovery, neighbours, metered, gate, sources, sticks, board, fetcher, checker } =
    getting;
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

  const isBusy = (): boolean => BUSY_STATES.includes(updater.snapshot().state);
  const self = (): SelfFacts => ({
    config,
    memory: memory.state,
    facts: switcher.facts(),
    snapshot: updater.snapshot(),
    orderEpoch: orders.epoch,
    follows: follower.follows,
  });
  const share = await startGiving(context, { disk, board, isBusy, self });

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
  if (bus && config.stickWatch) {
    const keeper = watchSticks(bus, { config, trust, switcher, sticks, ledger, updater, scheduler, logger });
    closers.push(() => keeper.stop());
  }
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
    isFree: () => isIdle(config.powerSupplies, config.scrubLoadPercent) && !isBusy(),
    mend: (version, damaged) => updater.careQuietly((signal) => care.mend(version, damaged, signal)),
    clock,
    logger,
  });
  closers.push(() => scrubber.stop());
  scrubber.start();
  giveBackSoon();
  return { url: share?.url ?? '', onBusLost: (listener) => bus?.onClose(listener) };
}
