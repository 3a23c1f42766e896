/** Puts the updater, and the class where there is one, on the bus: answers, property changes, signals. */
import type { BusConnection } from '../../dbus/connection.ts';
import { signatureOf } from '../../dbus/typed.ts';
import {
  BUS_NAME,
  CLASSROOM,
  CLASSROOM_INTERFACE,
  OBJECT_PATH,
  UPDATER,
  UPDATER_INTERFACE,
} from '../api/description.ts';
import type { Classroom } from '../core/classroom.ts';
import type { Logger } from '../core/ports.ts';
import type { Updater } from '../core/updater.ts';
import type { Authority } from './authority.ts';
import { servedClassroom } from './classroom.ts';
import { objectDispatcher, type Served } from './dispatcher.ts';
import { encodeLaptop, updaterVariants } from './encode.ts';
import { Gate } from './gate.ts';
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
  classroom?: Classroom,
): Promise<() => void> {
  let exported = true;
  const gate = new Gate(authority, logger);
  const calls = new UpdaterCalls(updater, gate);
  const ofUpdater: Served = {
    description: UPDATER,
    properties: () => updaterVariants(updater.snapshot()),
    answer: (call) => calls.answer(call),
  };
  const ofClassroom = classroom ? servedClassroom(classroom, gate) : undefined;
  const served = ofClassroom ? [ofUpdater, ofClassroom] : [ofUpdater];

  const emit = (iface: string, member: string, signature: string, body: readonly unknown[]) =>
    connection.emitSignal({ path: OBJECT_PATH, interface: iface, member, signature, body });
  const changesOf = ({ description, properties }: Served) =>
    new PropertyChanges(properties, (changed) =>
      emit(PROPERTIES, 'PropertiesChanged', 'sa{sv}as', [description.name, changed, []]),
    );
  const changes = changesOf(ofUpdater);
  const classChanges = ofClassroom && changesOf(ofClassroom);

  const dispatch = objectDispatcher(() => served);
  const removeDispatcher = connection.addDispatcher((call) =>
    // Whoever hears the answer and then looks at the properties must see what the call did.
    dispatch(call)?.finally(() => exported && changes.flush()),
  );
  const stop = () => {
    exported = false;
    removeDispatcher();
    changes.stop();
    classChanges?.stop();
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
  classroom?.onLaptop((laptop) => {
    if (!exported) return;
    classChanges?.touch();
    emit(CLASSROOM_INTERFACE, 'LaptopChanged', signatureOf(CLASSROOM.signals.LaptopChanged.args), [
      encodeLaptop(laptop),
    ]);
  });

  try {
    await connection.requestName(BUS_NAME);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
