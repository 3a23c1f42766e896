import type { KeySpec } from './key-spec.ts';

/** What this machine is, whose it is and who may tell it what to do. */
export const IDENTITY_KEYS: readonly KeySpec[] = [
  {
    key: 'role',
    kind: 'string',
    fallback: 'laptop',
    oneOf: ['laptop', 'school', 'teacher'],
    doc: 'laptop, teacher (a laptop that also leads a class) or school (serves a repository)',
  },
  { key: 'image', kind: 'string', fallback: 'xo', doc: 'the image this machine follows' },
  {
    key: 'classes',
    kind: 'strings',
    fallback: [],
    doc: 'names of the classes this laptop is in: it follows orders for these, and orders for everybody',
  },
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
    doc: 'URLs of school servers or publisher sites that need no discovery: http, https, or rsync://HOST[:PORT][/PATH], which is asked when nobody else has it',
  },
  { key: 'owner.name', kind: 'string', fallback: '', doc: 'nickname to announce; empty: not told' },
  {
    key: 'owner.colours',
    kind: 'string',
    fallback: '',
    doc: 'stroke and fill to announce, "#rrggbb,#rrggbb"; empty: not told',
  },
  {
    key: 'class.stuck_minutes',
    kind: 'integer',
    fallback: 15,
    minimum: 1,
    maximum: 10_000,
    doc: 'teacher and school: a laptop that is at something and does not move for so long is told to be stuck',
  },
  { key: 'bus.address', kind: 'string', fallback: '', doc: 'D-Bus address; empty: the system bus' },
  {
    key: 'bus.group',
    kind: 'string',
    fallback: 'ripple',
    doc: 'without polkit: members of this group may do what a person at the screen may',
  },
  { key: 'bus.same_user', kind: 'boolean', fallback: false, doc: 'without polkit: so may the user the daemon runs as' },
];
