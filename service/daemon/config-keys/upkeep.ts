import type { KeySpec } from './key-spec.ts';

/** How versions are started and kept on the disk. */
export const UPKEEP_KEYS: readonly KeySpec[] = [
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
