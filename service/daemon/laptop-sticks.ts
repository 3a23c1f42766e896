/** Sticks of a laptop: what UDisks2 tells, who judges it, and who is told. */
import type { BusConnection } from '../../dbus/connection.ts';
import type { Logger } from '../core/ports.ts';
import type { SourceLedger } from '../core/source-ledger.ts';
import type { Config } from './config.ts';
import type { LaptopUpdater } from './laptop-updater.ts';
import type { PluggedSticks } from './plugged-sticks.ts';
import type { Scheduler } from './scheduler.ts';
import { StickKeeper } from './stick-keeper.ts';
import type { Switcher } from './switcher.ts';
import type { TrustKeeper } from './trust-keeper.ts';
import { RemovableMedia } from './udisks.ts';

export interface LaptopSticksOptions {
  readonly config: Config;
  readonly trust: TrustKeeper;
  readonly switcher: Switcher;
  readonly sticks: PluggedSticks;
  readonly ledger: SourceLedger;
  readonly updater: LaptopUpdater;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/** Call once the updater and the scheduler run; stop the keeper before them. */
export function watchSticks(bus: BusConnection, options: LaptopSticksOptions): StickKeeper {
  const { config, trust, switcher, sticks, ledger, updater, scheduler, logger } = options;
  const keeper = new StickKeeper({
    image: config.image,
    trust,
    sticks,
    logger,
    booted: () => switcher.facts().booted,
    pluggedIn: (id, isNews) => {
      ledger.forget(id);
      if (isNews) scheduler.pluggedIn();
    },
    pulledOut: (id) => updater.sourceLeft(id),
  });
  new RemovableMedia(['/', config.sysroot], (mounts) => keeper.mounted(mounts)).follow(bus);
  return keeper;
}
