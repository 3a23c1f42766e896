import type { KeySpec } from './key-spec.ts';

/** How others and new versions are found, and when these are fetched. */
export const GETTING_KEYS: readonly KeySpec[] = [
  {
    key: 'discovery.kind',
    kind: 'string',
    fallback: 'auto',
    oneOf: ['auto', 'avahi', 'bonjour', 'none'],
    doc: 'auto: avahi when it runs, else our own mDNS',
  },
  {
    key: 'discovery.interfaces',
    kind: 'strings',
    fallback: [],
    doc: 'IPv4 addresses to announce on; empty: every one but loopback',
  },
  {
    key: 'wake.enabled',
    kind: 'boolean',
    fallback: true,
    doc: 'hear of a new release by one multicast packet and tell others so, on the interfaces of discovery; a critical one is looked at once, a normal one within ten minutes. Without discovery: never',
  },
  {
    key: 'wake.port',
    kind: 'integer',
    fallback: 8517,
    minimum: 1,
    maximum: 65_535,
    doc: 'UDP port of these packets; the same on every machine of the school',
  },
  {
    key: 'check.minutes',
    kind: 'integer',
    fallback: 360,
    minimum: 0,
    maximum: 100_000,
    doc: 'look around by itself about this often; 0: only when asked or when a neighbour tells',
  },
  {
    key: 'fetch.automatic',
    kind: 'boolean',
    fallback: false,
    doc: 'get a newer version without being asked; a restart is never without a tap',
  },
  {
    key: 'fetch.rate',
    kind: 'integer',
    fallback: 0,
    minimum: 0,
    maximum: 10_000_000_000,
    doc: 'bytes a second to take at most, from all together over HTTP; 0: no cap',
  },
  {
    key: 'fetch.quiet_hours',
    kind: 'string',
    fallback: '',
    doc: 'hours of the day, like "22:00-06:30", in which nothing is fetched by itself unless it is critical; who asks for it gets it, and orders hold; empty: none',
  },
  {
    key: 'fetch.metered',
    kind: 'boolean',
    fallback: false,
    doc: 'also over a connection that NetworkManager calls metered take from origins what no person asked for; neighbours and school servers that discovery found are asked in any case',
  },
  {
    key: 'fetch.stall_seconds',
    kind: 'integer',
    fallback: 20,
    minimum: 1,
    maximum: 3600,
    doc: 'a source that sends nothing for this long is left',
  },
  {
    key: 'stick.watch',
    kind: 'boolean',
    fallback: true,
    doc: 'laptop: when a stick is plugged in and mounted, as UDisks2 tells, look at its top for a repository of this image, and offer what is new; nothing is ever mounted by this',
  },
];
