import type { KeySpec } from './key-spec.ts';

/** What is given to others, and what a school server keeps for them. */
export const GIVING_KEYS: readonly KeySpec[] = [
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
    key: 'school.upstream',
    kind: 'strings',
    fallback: [],
    doc: 'school: URLs of the publisher site (any HTTP server with a repository) that this server follows, one after the other every check.minutes (0: at the start only); it needs the keyring then, and the repository folder is its own. Empty: gives what somebody puts into the folder',
  },
  {
    key: 'school.keep',
    kind: 'integer',
    fallback: 3,
    minimum: 1,
    maximum: 1000,
    doc: 'with school.upstream: the newest versions that are kept',
  },
  {
    key: 'school.space',
    kind: 'integer',
    fallback: 0,
    minimum: 0,
    maximum: 1_000_000_000_000_000,
    doc: 'with school.upstream: bytes of disk for them; older ones go first, but never the newest; 0: as much as there is',
  },
];
