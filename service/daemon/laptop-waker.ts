/** A laptop is woken by packets for the version that it runs, and wakes others when it learned of a release. */
import type { Clock, Logger } from '../core/ports.ts';
import { Waker } from '../wake/waker.ts';
import type { Config } from './config.ts';
import type { SwitchPart } from './parts.ts';
import type { Scheduler } from './scheduler.ts';
import type { TrustKeeper } from './trust-keeper.ts';

export interface LaptopWakerParts {
  readonly config: Pick<Config, 'image' | 'wakePort' | 'discoveryInterfaces'>;
  readonly trust: Pick<TrustKeeper, 'heardRelease' | 'onRelease'>;
  readonly switcher: Pick<SwitchPart, 'facts'>;
  readonly scheduler: Pick<Scheduler, 'woken'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Listens until it is stopped. */
export function wakeLaptop({ config, trust, switcher, scheduler, clock, logger }: LaptopWakerParts): Waker {
  const { image, wakePort: port, discoveryInterfaces: interfaces } = config;
  const { booted } = switcher.facts();
  const waker = new Waker({
    image,
    port,
    interfaces,
    verify: (bytes) => trust.heardRelease(bytes, image, booted),
    woken: ({ version, severity }) => {
      const isWanted = (): boolean => !switcher.facts().local.includes(version);
      if (isWanted()) scheduler.woken(severity, isWanted);
    },
    random: Math.random,
    clock,
    logger,
  });
  trust.onRelease((bytes, release) => waker.learned(bytes, release));
  waker.listen(booted);
  return waker;
}
