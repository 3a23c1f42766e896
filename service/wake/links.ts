/** Where wake-up packets come and go: each interface, once for IPv4 and once for IPv6. Pure. */
import type { NetworkInterfaceInfo } from 'node:os';
import { isOnLink } from '../discover/network.ts';

export interface WakeLink {
  /** Names it, and is another one when its socket must be made anew. */
  readonly key: string;
  readonly family: 'IPv4' | 'IPv6';
  /** Our address there for IPv4; for IPv6 the interface, as `::%eth0`. */
  readonly interface: string;
  /** What is written behind a group of IPv6: `%eth0`. */
  readonly zone: string;
  /** IPv4: of our addresses there. */
  readonly subnets: readonly string[];
}

const MAX_LINKS = 16;

/**
 * @param interfaces what `os.networkInterfaces()` gave
 * @param wanted IPv4 addresses whose interfaces are used; empty: every one that is not internal
 */
export function wakeLinks(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  wanted: readonly string[],
): readonly WakeLink[] {
  return Object.entries(interfaces)
    .flatMap(([name, infos = []]): WakeLink[] => {
      const isWanted = infos.some((info) =>
        wanted.length > 0 ? wanted.includes(info.address) : info.family === 'IPv4' && !info.internal,
      );
      const linkLocal = infos.find((info) => info.family === 'IPv6' && info.scopeid !== 0);
      // One that has IPv6 only cannot be named by an IPv4 address.
      if (!isWanted && !(wanted.length === 0 && linkLocal && !linkLocal.internal)) return [];
      const ipv4 = infos.filter(
        (info) => info.family === 'IPv4' && (wanted.length === 0 || wanted.includes(info.address)),
      );
      const [first] = ipv4;
      const subnets = ipv4.map((info) => info.cidr ?? `${info.address}/32`);
      // The index tells an adapter that was unplugged and put back.
      const index = linkLocal?.scopeid ?? 0;
      const key = [name, index, infos[0]?.mac].join(' ');
      return [
        ...(first
          ? [
              {
                key: `${key} ${subnets.join(' ')}`,
                family: 'IPv4' as const,
                interface: first.address,
                zone: '',
                subnets,
              },
            ]
          : []),
        ...(linkLocal
          ? [{ key: `${key} IPv6`, family: 'IPv6' as const, interface: `::%${name}`, zone: `%${name}`, subnets: [] }]
          : []),
      ];
    })
    .slice(0, MAX_LINKS);
}

/** Whether a packet came from the link itself. A router does not pass it on, but anybody can write any number into TTL. */
export function isFromLink({ family, subnets }: WakeLink, address: string): boolean {
  return family === 'IPv4' ? isOnLink(address, subnets) : /^fe[89ab]/i.test(address);
}
