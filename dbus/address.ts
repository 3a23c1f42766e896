/** Where the bus listens. Format: D-Bus specification, "Server Addresses". */
import { standardError } from './error.ts';

/** The system bus, or whatever `DBUS_SYSTEM_BUS_ADDRESS` says instead. */
export function systemBusAddress(env: NodeJS.ProcessEnv = process.env): string {
  return env.DBUS_SYSTEM_BUS_ADDRESS || 'unix:path=/run/dbus/system_bus_socket';
}

/** The socket of the first `unix:path=` in an address list. Throws `BusError` BadAddress when there is none. */
export function socketPath(address: string): string {
  for (const one of address.split(';')) {
    if (!one.startsWith('unix:')) continue;
    for (const pair of one.slice('unix:'.length).split(',')) {
      if (!pair.startsWith('path=')) continue;
      try {
        return decodeURIComponent(pair.slice('path='.length));
      } catch {
        break;
      }
    }
  }
  throw standardError('BadAddress', `bus address "${address}": only unix:path=/… is understood`);
}

/** `unix:path=` of a socket, with what an address may not hold escaped. */
export function unixAddress(path: string): string {
  return `unix:path=${encodeURIComponent(path).replaceAll('%2F', '/')}`;
}
