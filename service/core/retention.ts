/** Which versions a school server keeps. */

export interface RetentionRules {
  /** How many at most. */
  readonly keep: number;
  /** What they may cost in all; 0: no bound. */
  readonly spaceBytes: number;
}

/**
 * The newest ones that the rules allow, ascending. `must` stay in any case; an older version never takes the place of one
 * that was too large, so what is kept is a row without gaps.
 * @param cost bytes of disk for these versions together (they share most of their files)
 */
export function versionsToKeep(
  versions: readonly number[],
  must: readonly number[],
  { keep, spaceBytes }: RetentionRules,
  cost: (versions: readonly number[]) => number,
): number[] {
  const kept = [...new Set(must)];
  for (const version of [...new Set(versions)].sort((a, b) => b - a)) {
    if (kept.includes(version)) continue;
    if (kept.length >= keep) break;
    if (spaceBytes > 0 && cost([...kept, version]) > spaceBytes) break;
    kept.push(version);
  }
  return kept.sort((a, b) => a - b);
}
