/** How avahi-daemon is called (org.freedesktop.Avahi.*.xml), and the numbers of its interface that we use. */
import type { BusConnection } from '../../dbus/connection.ts';

export const AVAHI = 'org.freedesktop.Avahi';
/** AVAHI_IF_UNSPEC */
export const ANY_INTERFACE = -1;
/** AVAHI_PROTO_INET: addresses here are IPv4, as everywhere in discovery. */
export const IPV4 = 0;

const CALL_TIMEOUT_MS = 5_000;

/** Calls `member` of the object's interface `org.freedesktop.Avahi.<part>`. Rejects with `BusError`. */
export type AvahiCall = (
  path: string,
  part: string,
  member: string,
  signature: string,
  body: readonly unknown[],
) => Promise<readonly unknown[]>;

export function avahiCall(bus: BusConnection): AvahiCall {
  return (path, part, member, signature, body) =>
    bus.call({
      destination: AVAHI,
      path,
      interface: `${AVAHI}.${part}`,
      member,
      signature,
      body,
      timeoutMs: CALL_TIMEOUT_MS,
    });
}
