import { BlockList } from '../blocks.ts';

/** Where the data of a member stand in the archive. */
export interface Place {
  readonly path: string;
  readonly at: number;
  readonly sizeBytes: number;
}

/** What is likely the same member of another version: the versions of kernels are in their modules' paths. */
function keyOf({ path }: Place): string {
  return path.replace(/\d+/g, '#');
}

/**
 * Which part of a new archive stands where a part of the old one did, by the members' names alone: a guess. Of one that has another size
 * the first half is taken to begin as it did, and the second to end so.
 */
export function likelyBlocks(old: readonly Place[], fresh: readonly Place[], contentBytes: number): BlockList {
  const blocks = new BlockList();
  const byKey = new Map(old.map((place) => [keyOf(place), place]));
  let end = 0;
  const copy = (to: number, from: number): void => {
    blocks.push(to - end, 0, Math.max(0, from));
    end = to;
  };
  for (const place of fresh) {
    const same = byKey.get(keyOf(place));
    if (!same) continue;
    const half = place.at + Math.floor(Math.min(place.sizeBytes, same.sizeBytes) / 2);
    // With what comes before it: headers, and what is small.
    const isWhole = place.sizeBytes === same.sizeBytes;
    copy(isWhole ? place.at + place.sizeBytes : half, same.at - (place.at - end));
    if (!isWhole) copy(place.at + place.sizeBytes, same.at + same.sizeBytes - (place.at + place.sizeBytes - end));
  }
  blocks.push(0, contentBytes - end, 0);
  return blocks;
}
