/**
 * UDisks2 on a message bus, as its D-Bus interface describes it, of drives with one file system each. Not the daemon itself: that one
 * takes its drives from udev and the kernel, and calls none removable that is not so in the hardware.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BusConnection, connectBus } from '../../dbus/connection.ts';

const NAME = 'org.freedesktop.UDisks2';
const PATH = '/org/freedesktop/UDisks2';
const OBJECTS = 'org.freedesktop.DBus.ObjectManager';

/** A file with the part of UDisks2's bus policy that lets everybody call it. */
export function udisksPolicy(folder: string): string {
  const file = join(folder, 'udisks.conf');
  writeFileSync(
    file,
    `<busconfig><policy context="default"><allow send_destination="${NAME}"/></policy></busconfig>\n`,
  );
  return file;
}

interface Variant {
  readonly signature: string;
  readonly value: unknown;
}
type Interfaces = Readonly<Record<string, Readonly<Record<string, Variant>>>>;

const text = (value: string): Variant => ({ signature: 's', value });
const yes = (value: boolean): Variant => ({ signature: 'b', value });
const points = (mounts: readonly string[]): Variant => ({
  signature: 'aay',
  value: mounts.map((mount) => Buffer.from(`${mount}\0`)),
});

export class UdisksOnBus {
  readonly #bus: BusConnection;
  readonly #objects = new Map<string, Interfaces>();
  /** How often everything was asked for. */
  asked = 0;

  private constructor(bus: BusConnection) {
    this.#bus = bus;
  }

  static async start(address: string): Promise<UdisksOnBus> {
    const udisks = new UdisksOnBus(await connectBus(address));
    udisks.#bus.addDispatcher((call) => {
      if (call.path !== PATH || call.interface !== OBJECTS || call.member !== 'GetManagedObjects') return undefined;
      udisks.asked += 1;
      return Promise.resolve({ signature: 'a{oa{sa{sv}}}', body: [Object.fromEntries(udisks.#objects)] });
    });
    await udisks.#bus.requestName(NAME);
    return udisks;
  }

  /** A drive with a file system, which is not mounted yet. */
  plugIn(device: string, drive: { readonly removable: boolean; readonly bus: string }): void {
    const driveInterface = {
      Removable: yes(drive.removable),
      MediaRemovable: yes(drive.removable),
      ConnectionBus: text(drive.bus),
    };
    this.#add(`${PATH}/drives/${device}`, { [`${NAME}.Drive`]: driveInterface });
    this.#add(`${PATH}/block_devices/${device}`, {
      [`${NAME}.Block`]: {
        Drive: { signature: 'o', value: `${PATH}/drives/${device}` },
        CryptoBackingDevice: { signature: 'o', value: '/' },
        IdUsage: text('filesystem'),
      },
      [`${NAME}.Filesystem`]: { MountPoints: points([]) },
    });
  }

  /** Somebody mounted it there; nowhere: unmounted it. */
  mounted(device: string, mounts: readonly string[]): void {
    const path = `${PATH}/block_devices/${device}`;
    const changed = { MountPoints: points(mounts) };
    this.#objects.set(path, { ...this.#objects.get(path), [`${NAME}.Filesystem`]: changed });
    this.#bus.emitSignal({
      ...{ path, interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged', signature: 'sa{sv}as' },
      body: [`${NAME}.Filesystem`, changed, []],
    });
  }

  pullOut(device: string): void {
    for (const path of [`${PATH}/block_devices/${device}`, `${PATH}/drives/${device}`]) {
      const names = Object.keys(this.#objects.get(path) ?? {});
      this.#objects.delete(path);
      this.#signal('InterfacesRemoved', 'oas', [path, names]);
    }
  }

  stop(): void {
    this.#bus.close();
  }

  #add(path: string, interfaces: Interfaces): void {
    this.#objects.set(path, interfaces);
    this.#signal('InterfacesAdded', 'oa{sa{sv}}', [path, interfaces]);
  }

  #signal(member: string, signature: string, body: readonly unknown[]): void {
    this.#bus.emitSignal({ path: PATH, interface: OBJECTS, member, signature, body });
  }
}
