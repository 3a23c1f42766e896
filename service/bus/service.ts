/** Puts the updater on the bus: its answers, its property changes and its signals. */
import type { BusConnection } from '../../dbus/connection.ts';
import { BUS_NAME, OBJECT_PATH, UPDATER_INTERFACE } from '../api/description.ts';
import type { Logger } from '../core/ports.ts';
import type { Updater } from '../core/updater.ts';
import type { Authority } from './authority.ts';
import { updaterDispatcher } from './dispatcher.ts';
import { encodeProperties } from './encode.ts';
import { PropertyChanges } from './property-changes.ts';
import { encodeSignal } from './signals.ts';
import { PROPERTIES } from './standard-interfaces.ts';
import { UpdaterCalls } from './updater-calls.ts';

/**
 * Exports the updater at its path and takes its name; resolves when both are done. Rejects with `BusError` when the name is
 * taken or the bus's policy forbids it. The returned function takes the object off the connection again.
 */
export async function exportUpdater(
  connection: BusConnection,
  updater: Updater,
  authority: Authority,
  logger: Logger,
): Promise<() => void> {
  let exported = true;
  const properties = () => encodeProperties(updater.snapshot());
  const emit = (iface: string, member: string, signature: string, body: readonly unknown[]) =>
    connection.emitSignal({ path: OBJECT_PATH, interface: iface, member, signature, body });

  const changes = new PropertyChanges(properties, (changed) =>
    emit(PROPERTIES, 'PropertiesChanged', 'sa{sv}as', [UPDATER_INTERFACE, changed, []]),
  );
  const dispatch = updaterDispatcher(new UpdaterCalls(updater, authority, logger), properties);
  const removeDispatcher = connection.addDispatcher((call) =>
    // Whoever hears the answer and then looks at the properties must see what the call did.
    dispatch(call)?.finally(() => exported && changes.flush()),
  );
  const stop = () => {
    exported = false;
    removeDispatcher();
    changes.stop();
  };
  connection.onClose(stop);
  updater.onChange(() => {
    if (exported) changes.touch();
  });
  updater.onSignal((signal) => {
    if (!exported) return;
    // Whoever hears the signal and then looks at the properties must not see what was before it.
    changes.flush();
    const { name, signature, args } = encodeSignal(signal);
    emit(UPDATER_INTERFACE, name, signature, args);
  });

  try {
    await connection.requestName(BUS_NAME);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
