/** NetworkManager's `Metered` property on a message bus, as its D-Bus interface describes it: the daemon itself needs a machine. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BusConnection, connectBus } from '../../dbus/connection.ts';

const NAME = 'org.freedesktop.NetworkManager';
const PATH = '/org/freedesktop/NetworkManager';
const PROPERTIES = 'org.freedesktop.DBus.Properties';

/** A file with the part of NetworkManager's bus policy that lets everybody read its properties. */
export function networkManagerPolicy(folder: string): string {
  const file = join(folder, 'network-manager.conf');
  const allow = `<allow send_destination="${NAME}" send_interface="${PROPERTIES}"/>`;
  writeFileSync(file, `<busconfig><policy context="default">${allow}</policy></busconfig>\n`);
  return file;
}

/** NMMetered: 0 unknown, 1 yes, 2 no, 3 guessed yes, 4 guessed no. */
export type MeteredValue = 0 | 1 | 2 | 3 | 4;

export class NetworkManagerOnBus {
  readonly #bus: BusConnection;
  #metered: MeteredValue;

  private constructor(bus: BusConnection, metered: MeteredValue) {
    this.#bus = bus;
    this.#metered = metered;
  }

  static async start(address: string, metered: MeteredValue): Promise<NetworkManagerOnBus> {
    const bus = await connectBus(address);
    const manager = new NetworkManagerOnBus(bus, metered);
    bus.addDispatcher((call) => {
      const [name, property] = call.body();
      if (call.path !== PATH || call.interface !== PROPERTIES || call.member !== 'Get') return undefined;
      if (name !== NAME || property !== 'Metered') return undefined;
      return Promise.resolve({ signature: 'v', body: [{ signature: 'u', value: manager.#metered }] });
    });
    await bus.requestName(NAME);
    return manager;
  }

  set(metered: MeteredValue): void {
    this.#metered = metered;
    const changed = { Metered: { signature: 'u', value: metered } };
    const signal = { path: PATH, interface: PROPERTIES, member: 'PropertiesChanged', signature: 'sa{sv}as' };
    this.#bus.emitSignal({ ...signal, body: [NAME, changed, []] });
  }

  stop(): void {
    this.#bus.close();
  }
}
