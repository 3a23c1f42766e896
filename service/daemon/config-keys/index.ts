import { GETTING_KEYS } from './getting.ts';
import { GIVING_KEYS } from './giving.ts';
import { IDENTITY_KEYS } from './identity.ts';
import type { KeySpec } from './key-spec.ts';
import { UPKEEP_KEYS } from './upkeep.ts';

export type { KeySpec };

/** Every key of `ripple.toml`: type, default, what it means. The documented file is printed from this table, in this order. */
export const CONFIG_KEYS: readonly KeySpec[] = [...IDENTITY_KEYS, ...GIVING_KEYS, ...GETTING_KEYS, ...UPKEEP_KEYS];
