/** Every key of `ripple.toml`: type, default, what it means. The documented file is printed from this table. */

export interface KeySpec {
  readonly key: string;
  readonly kind: 'string' | 'strings' | 'integer' | 'boolean';
  readonly fallback: string | number | boolean | readonly string[];
  readonly doc: string;
  readonly oneOf?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

export const CONFIG_KEYS: readonly KeySpec[] = [
  {
    key: 'role',
    kind: 'string',
    fallback: 'laptop',
    oneOf: ['laptop', 'school', 'teacher'],
    doc: 'laptop, teacher (a laptop that also leads a class) or school (serves a repository)',
  },
  { key: 'image', kind: 'string', fallback: 'xo', doc: 'the image this machine follows' },
  {
    key: 'sysroot',
    kind: 'string',
    fallback: '/sysroot',
    doc: 'mount point of the file system that holds the deployments',
  },
  {
    key: 'repository',
    kind: 'string',
    fallback: '/var/lib/ripple/repository',
    doc: 'school: the folder that is served',
  },
  { key: 'keyring', kind: 'string', fallback: '/etc/ripple/keyring.pgp', doc: 'the keyring installed with the image' },
  {
    key: 'origins',
    kind: 'strings',
    fallback: [],
    doc: 'URLs of school servers or publisher sites that need no discovery',
  },
  { key: 'owner.name', kind: 'string', fallback: '', doc: 'nickname to announce; empty: not told' },
  {
    key: 'owner.colours',
    kind: 'string',
    fallback: '',
    doc: 'stroke and fill to announce, "#rrggbb,#rrggbb"; empty: not told',
  },
  { key: 'bus.address', kind: 'string', fallback: '', doc: 'D-Bus address; empty: the system bus' },
  {
    key: 'bus.group',
    kind: 'string',
    fallback: 'ripple',
    doc: 'without polkit: members of this group may do what a person at the screen may',
  },
  { key: 'bus.same_user', kind: 'boolean', fallback: false, doc: 'without polkit: so may the user the daemon runs as' },
  {
    key: 'share.listen',
    kind: 'strings',
    fallback: ['0.0.0.0'],
    doc: 'addresses to give from; empty: give nothing, tell nobody of us and look for nobody',
  },
  {
    key: 'share.port',
    kind: 'integer',
    fallback: 8517,
    minimum: 0,
    maximum: 65_535,
    doc: 'TCP port to give from; 0: any free one',
  },
  {
    key: 'share.slots',
    kind: 'integer',
    fallback: 4,
    minimum: 1,
    maximum: 1000,
    doc: 'how many blobs are given at once, to all neighbours together',
  },
  {
    key: 'share.rate',
    kind: 'integer',
    fallback: 0,
    minimum: 0,
    maximum: 10_000_000_000,
    doc: 'bytes a second to give at most; 0: no cap',
  },
  {
    key: 'share.staged',
    kind: 'boolean',
    fallback: true,
    doc: 'also give a version that is written and verified but not booted yet',
  },
  {
    key: 'bundles.space',
    kind: 'integer',
    fallback: 134_217_728,
    minimum: 0,
    maximum: 1_000_000_000_000_000,
    doc: 'bytes of disk for bundles that are made for others or were used; those used least lately go first; 0: none are made or kept',
  },
  {
    key: 'bundles.load',
    kind: 'integer',
    fallback: 25,
    minimum: 0,
    maximum: 1_000_000,
    doc: 'laptop: makes bundles for neighbours only on mains power and below this load, in per cent of its processors; 0: never',
  },
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
    key: 'fetch.stall_seconds',
    kind: 'integer',
    fallback: 20,
    minimum: 1,
    maximum: 3600,
    doc: 'a source that sends nothing for this long is left',
  },
  {
    key: 'boot.marker',
    kind: 'string',
    fallback: '/run/ripple/booted',
    doc: 'where the boot script wrote what it booted',
  },
  {
    key: 'boot.tries',
    kind: 'integer',
    fallback: 3,
    minimum: 1,
    maximum: 9,
    doc: 'how often a new version may fail to start before the previous one is taken',
  },
  {
    key: 'boot.restart',
    kind: 'strings',
    fallback: ['systemctl', 'reboot'],
    doc: 'the command that restarts the laptop',
  },
  {
    key: 'scrub.rate',
    kind: 'integer',
    fallback: 4_194_304,
    minimum: 0,
    maximum: 10_000_000_000,
    doc: 'bytes a second to read at most while every file is read again by itself, to find and mend what went bad; 0: never',
  },
  {
    key: 'scrub.days',
    kind: 'integer',
    fallback: 30,
    minimum: 0,
    maximum: 10_000,
    doc: 'days after every file was read until that begins again',
  },
  {
    key: 'scrub.load',
    kind: 'integer',
    fallback: 50,
    minimum: 0,
    maximum: 1_000_000,
    doc: 'that is done only on mains power and below this load, in per cent of the processors',
  },
  {
    key: 'trees.backend',
    kind: 'string',
    fallback: 'auto',
    oneOf: ['auto', 'hardlink', 'reflink', 'btrfs'],
    doc: 'how versions share equal files; auto: btrfs snapshots or reflinks where the file system has them, else hard links',
  },
  {
    key: 'power.supplies',
    kind: 'string',
    fallback: '/sys/class/power_supply',
    doc: 'where the kernel tells of batteries',
  },
  {
    key: 'power.floor',
    kind: 'integer',
    fallback: 20,
    minimum: 0,
    maximum: 100,
    doc: 'per cent of charge below which nothing is fetched or staged without mains',
  },
];
