/** The updater, and the class where there is one, on the message bus of the configuration. */
import { type BusConnection, connectBus } from '../../dbus/connection.ts';
import { toRippleError } from '../../dbus/ripple-errors.ts';
import { BusAuthority } from '../bus/authority.ts';
import { exportUpdater } from '../bus/service.ts';
import type { Classroom } from '../core/classroom.ts';
import type { Logger } from '../core/ports.ts';
import type { Updater } from '../core/updater.ts';
import type { Config } from './config.ts';

/** @throws RippleError when there is no bus, or another daemon has the name on it */
export async function connectUpdater(
  config: Config,
  updater: Updater,
  logger: Logger,
  classroom?: Classroom,
): Promise<BusConnection> {
  let bus: BusConnection | undefined;
  try {
    bus = await connectBus(config.busAddress === '' ? undefined : config.busAddress);
    const rights = new BusAuthority(bus, { group: config.busGroup, allowSameUser: config.busSameUser }, logger);
    await exportUpdater(bus, updater, rights, logger, classroom);
    return bus;
  } catch (error) {
    bus?.close();
    throw toRippleError(error);
  }
}
