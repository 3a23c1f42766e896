/**
 * What is plugged in and mounted, as UDisks2 says (org.freedesktop.UDisks2, ObjectManager). It is only listened to: nothing
 * is mounted, unmounted or held from here.
 */
import type { BusConnection } from '../../dbus/connection.ts';
import { removableMounts } from '../core/removable.ts';

const NAME = 'org.freedesktop.UDisks2';
const PATH = '/org/freedesktop/UDisks2';
const OBJECTS = 'org.freedesktop.DBus.ObjectManager';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const FILESYSTEM = `${NAME}.Filesystem`;
/** Jobs come and go as objects, too; they tell nothing of mount points. */
const JOBS = `${PATH}/jobs/`;
const TIMEOUT_MS = 10_000;

export class RemovableMedia {
  readonly #ours: readonly string[];
  readonly #changed: (mounts: readonly string[]) => void;
  #isAsking = false;
  #isStale = false;
  #isHere = false;

  /**
   * `ours`: mount points of the machine's own disk. `changed` is called with every mount point of removable media, when that may have
   * changed; with none when UDisks2 goes.
   */
  constructor(ours: readonly string[], changed: (mounts: readonly string[]) => void) {
    this.#ours = ours;
    this.#changed = changed;
  }

  /** Follows what UDisks2 says, whenever it is on this bus. */
  follow(bus: BusConnection): void {
    for (const member of ['InterfacesAdded', 'InterfacesRemoved'])
      bus.onSignal({ sender: NAME, path: PATH, interface: OBJECTS, member }, ({ body: [path] }) => {
        if (typeof path === 'string' && !path.startsWith(JOBS)) this.#ask(bus);
      });
    const rule = { sender: NAME, interface: PROPERTIES, member: 'PropertiesChanged', arg0: FILESYSTEM };
    bus.onSignal(rule, () => this.#ask(bus));
    bus.watchName(
      NAME,
      () => {
        this.#isHere = true;
        this.#ask(bus);
      },
      () => {
        this.#isHere = false;
        this.#changed([]);
      },
    );
  }

  /** All of it anew, so that nothing hangs on the order of signals. However many come, one question is out and one waits. */
  #ask(bus: BusConnection): void {
    this.#isStale = true;
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#askWhileStale(bus).finally(() => {
      this.#isAsking = false;
    });
  }

  async #askWhileStale(bus: BusConnection): Promise<void> {
    const call = {
      destination: NAME,
      path: PATH,
      interface: OBJECTS,
      member: 'GetManagedObjects',
      timeoutMs: TIMEOUT_MS,
    };
    while (this.#isStale) {
      this.#isStale = false;
      try {
        const [managed] = await bus.call({ ...call, replySignature: 'a{oa{sa{sv}}}' });
        if (this.#isHere) this.#changed(removableMounts(managed, this.#ours));
      } catch {
        // It went away or is not well; its next signal, or its next start, asks again.
      }
    }
  }
}
