/** This machine's IPv4 addresses, grouped by interface, as mDNS wants them: one socket for each interface. */
import { readFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';

export interface Link {
  /** Interface name, e.g. `wlan0`. */
  readonly name: string;
  /** Our addresses there, the first of which the socket uses. */
  readonly addresses: readonly string[];
  /** The subnets of those addresses, e.g. `10.0.0.7/24`. */
  readonly subnets: readonly string[];
  /** Another text when something about the interface changed so that its socket must be made anew. */
  readonly fingerprint: string;
}

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

const MAX_LINKS = 16;

/**
 * The links to use, of what `os.networkInterfaces()` gave.
 * @param wanted IPv4 addresses to use; `undefined`: every one that is not internal.
 * @param carrierChanges how often an interface found or lost its network so far: who walks to another room, and has the
 *   same address there, is among others all the same.
 */
export function linksOf(
  interfaces: Interfaces,
  wanted: readonly string[] | undefined,
  carrierChanges: (name: string) => number = () => 0,
): readonly Link[] {
  return Object.entries(interfaces)
    .flatMap(([name, infos = []]) => {
      const usable = infos.filter(
        (info) => info.family === 'IPv4' && (wanted ? wanted.includes(info.address) : !info.internal),
      );
      if (usable.length === 0) return [];
      // The index of a link-local address is the interface's own: it tells an adapter that was unplugged and put back.
      const index = infos.find((info) => info.family === 'IPv6' && info.scopeid !== 0)?.scopeid ?? 0;
      const subnets = usable.map((info) => info.cidr ?? `${info.address}/32`);
      return [
        {
          name,
          addresses: usable.map((info) => info.address),
          subnets,
          fingerprint: [index, carrierChanges(name), usable[0]?.mac, ...subnets].join(' '),
        },
      ];
    })
    .slice(0, MAX_LINKS);
}

/** As the kernel counts them (Documentation/ABI/testing/sysfs-class-net); 0 where it does not tell. */
export function carrierChangesOf(name: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/carrier_changes`, 'latin1')) || 0;
  } catch {
    return 0;
  }
}

/** Whether `address` belongs to one of the subnets: mDNS is for the link only (RFC 6762, section 11). */
export function isOnLink(address: string, subnets: readonly string[]): boolean {
  const bits = toBits(address);
  if (bits === undefined) return false;
  return subnets.some((subnet) => {
    const [base = '', length = ''] = subnet.split('/');
    const baseBits = toBits(base);
    if (baseBits === undefined || !/^([0-9]|[12][0-9]|3[0-2])$/.test(length)) return false;
    const hostBits = 2 ** (32 - Number(length));
    return Math.floor(bits / hostBits) === Math.floor(baseBits / hostBits);
  });
}

function toBits(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}
