/** Room for a version that comes: counted before its bytes, made by removing the oldest ones, never what is newest now. */
import { NoSpaceError } from '../api/errors.ts';
import type { BlobRef } from '../core/ports.ts';
import { type RetentionRules, versionsToKeep } from '../core/retention.ts';
import type { BlobCache } from '../store/blob-cache.ts';
import type { Repository } from '../store/repository.ts';
import { RESERVE_BYTES, roomBytes } from '../sys/disk-room.ts';
import { bytesOf, type HeldVersion } from './school-holdings.ts';

export interface RoomOptions extends RetentionRules {
  readonly repository: Repository;
  readonly image: string;
  readonly cache: BlobCache;
  readonly remove: (gone: readonly HeldVersion[]) => Promise<void>;
}

/**
 * Answers the versions that stay until it is here.
 * @param served the version that is called the newest now; 0: none
 * @throws NoSpaceError before anything was removed
 */
export async function makeRoom(
  options: RoomOptions,
  held: readonly HeldVersion[],
  served: number,
  incoming: HeldVersion | undefined,
  lacking: readonly BlobRef[],
): Promise<readonly HeldVersion[]> {
  const { repository, image, cache, spaceBytes } = options;
  const isOurs = (one: HeldVersion): boolean => one.image === image && one.version !== incoming?.version;
  const ours = held.filter(isOurs);
  const others = held.filter((one) => !isOurs(one));
  const withOurs = (versions: readonly number[]): HeldVersion[] => [
    ...others,
    ...ours.filter(({ version }) => versions.includes(version)),
  ];
  const come = incoming ? [incoming] : [];
  const must = ours.some(({ version }) => version === served) ? [served] : [];
  const needed = bytesOf([...withOurs(must), ...come]);
  if (spaceBytes > 0 && needed > spaceBytes) throw new NoSpaceError(repository.root, needed, spaceBytes);
  let kept = versionsToKeep(
    ours.map(({ version }) => version),
    must,
    { keep: Number.POSITIVE_INFINITY, spaceBytes },
    (versions) => bytesOf([...withOurs(versions), ...come]),
  );
  let bytes = 0;
  for (const ref of lacking)
    if (!cache.has(ref) && !cache.isDoubtful(ref.sha256)) bytes += ref.sizeBytes - cache.partBytes(ref.sha256);
  const roomWith = (versions: readonly number[]): number =>
    roomBytes(repository.root) + bytesOf(held) - bytesOf(withOurs(versions));
  while (bytes > roomWith(kept)) {
    const oldest = kept.find((version) => !must.includes(version));
    if (oldest === undefined)
      throw new NoSpaceError(repository.root, bytes + RESERVE_BYTES, roomWith(kept) + RESERVE_BYTES);
    kept = kept.filter((version) => version !== oldest);
  }
  const gone = ours.filter(({ version }) => !kept.includes(version));
  if (gone.length > 0) await options.remove(gone);
  return withOurs(kept);
}

/** What goes once the newest version is here. */
export function surplus(
  { image, keep, spaceBytes }: RetentionRules & { readonly image: string },
  held: readonly HeldVersion[],
  newest: number,
): HeldVersion[] {
  const ours = held.filter((one) => one.image === image);
  const others = held.filter((one) => one.image !== image);
  const cost = (versions: readonly number[]): number =>
    bytesOf([...others, ...ours.filter(({ version }) => versions.includes(version))]);
  const kept = versionsToKeep(
    ours.map(({ version }) => version),
    [newest],
    { keep, spaceBytes },
    cost,
  );
  return ours.filter(({ version }) => !kept.includes(version));
}
