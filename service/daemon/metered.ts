/** Whether the connection costs money, as NetworkManager says (org.freedesktop.NetworkManager, property `Metered`). */
import type { BusConnection } from '../../dbus/connection.ts';

const NAME = 'org.freedesktop.NetworkManager';
const PATH = '/org/freedesktop/NetworkManager';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const TIMEOUT_MS = 5000;
/** NMMetered: NM_METERED_YES, NM_METERED_GUESS_YES. */
const COSTS_MONEY: readonly unknown[] = [1, 3];

export class Metered {
  #metered = false;

  /** False where nobody says so: no NetworkManager, or it does not know. */
  get isMetered(): boolean {
    return this.#metered;
  }

  /** Follows what NetworkManager says, whenever it is on this bus. */
  follow(bus: BusConnection): void {
    bus.watchName(
      NAME,
      () => void this.#ask(bus),
      () => {
        this.#metered = false;
      },
    );
    const rule = { sender: NAME, path: PATH, interface: PROPERTIES, member: 'PropertiesChanged', arg0: NAME };
    bus.onSignal(rule, ({ body: [, changed] }) => {
      const value = typeof changed === 'object' && changed !== null ? Reflect.get(changed, 'Metered') : undefined;
      if (value !== undefined) this.#metered = COSTS_MONEY.includes(inVariant(value));
    });
  }

  async #ask(bus: BusConnection): Promise<void> {
    const call = { destination: NAME, path: PATH, interface: PROPERTIES, member: 'Get', timeoutMs: TIMEOUT_MS };
    try {
      const [value] = await bus.call({ ...call, signature: 'ss', body: [NAME, 'Metered'], replySignature: 'v' });
      this.#metered = COSTS_MONEY.includes(inVariant(value));
    } catch {
      // One that is too old to know counts as one that does not.
      this.#metered = false;
    }
  }
}

/** A variant as the wire gives it. */
function inVariant(variant: unknown): unknown {
  return typeof variant === 'object' && variant !== null ? Reflect.get(variant, 'value') : variant;
}
