/** The interfaces of the D-Bus specification that our objects have, as introspection shows them. */
import { readFile } from 'node:fs/promises';
import { standardError } from '../../dbus/error.ts';

const INTROSPECTABLE_XML = `  <interface name="org.freedesktop.DBus.Introspectable">
    <method name="Introspect">
      <arg name="xml" type="s" direction="out"/>
    </method>
  </interface>
`;
const PEER_XML = `  <interface name="org.freedesktop.DBus.Peer">
    <method name="Ping"/>
    <method name="GetMachineId">
      <arg name="id" type="s" direction="out"/>
    </method>
  </interface>
`;
const PROPERTIES_XML = `  <interface name="org.freedesktop.DBus.Properties">
    <method name="Get">
      <arg name="interface" type="s" direction="in"/>
      <arg name="property" type="s" direction="in"/>
      <arg name="value" type="v" direction="out"/>
    </method>
    <method name="GetAll">
      <arg name="interface" type="s" direction="in"/>
      <arg name="properties" type="a{sv}" direction="out"/>
    </method>
    <method name="Set">
      <arg name="interface" type="s" direction="in"/>
      <arg name="property" type="s" direction="in"/>
      <arg name="value" type="v" direction="in"/>
    </method>
    <signal name="PropertiesChanged">
      <arg name="interface" type="s"/>
      <arg name="changed" type="a{sv}"/>
      <arg name="invalidated" type="as"/>
    </signal>
  </interface>
`;

export const INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable';
export const PEER = 'org.freedesktop.DBus.Peer';
export const PROPERTIES = 'org.freedesktop.DBus.Properties';

/** In every object, also those that are only on the way to ours. */
export const COMMON_XML = [INTROSPECTABLE_XML, PEER_XML];
export const WITH_PROPERTIES_XML = [...COMMON_XML, PROPERTIES_XML];

/** Signatures of the arguments, by interface and member. */
export const STANDARD_METHODS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [INTROSPECTABLE]: { Introspect: '' },
  [PEER]: { Ping: '', GetMachineId: '' },
  [PROPERTIES]: { Get: 'ss', GetAll: 's', Set: 'ssv' },
};

/** This machine's id, as `Peer.GetMachineId` gives it. Rejects with `BusError` when it has none. */
export async function machineId(): Promise<string> {
  for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (/^[0-9a-f]{32}$/.test(text.trim())) return text.trim();
  }
  throw standardError('FileNotFound', 'this machine has no id in /etc/machine-id');
}
