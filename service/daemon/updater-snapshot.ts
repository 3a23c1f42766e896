/** All that an updater says of itself at one moment. Pure. */
import type { OrderInfo } from '../api/model.ts';
import type { UpdaterSnapshot } from '../core/updater.ts';
import type { MemoryState } from './memory.ts';
import type { Facts, PeersPart } from './parts.ts';
import type { UpdaterStatus } from './updater-status.ts';

export interface SnapshotParts {
  readonly image: string;
  readonly daemonVersion: string;
  readonly memory: { readonly state: Pick<MemoryState, 'deferredUntil'> };
  readonly switcher: { facts(): Facts };
  readonly peers: Pick<PeersPart, 'peers'>;
}

/** `readyVersion`: what the state `ready` is about where nothing was staged newly. */
export function snapshotOf(
  { image, daemonVersion, memory, switcher, peers }: SnapshotParts,
  { state, versions, progress, lastError }: Pick<UpdaterStatus, 'state' | 'versions' | 'progress' | 'lastError'>,
  readyVersion: number,
  order: OrderInfo | null,
): UpdaterSnapshot {
  const facts = switcher.facts();
  return {
    state,
    image,
    bootedVersion: facts.booted,
    currentVersion: facts.current,
    previousVersion: facts.previous,
    stagedVersion: facts.staged || (state === 'ready' ? readyVersion : 0),
    versions: versions.map((info) => ({ ...info, local: facts.local.includes(info.version) })),
    peers: peers.peers(progress),
    progress,
    order,
    deferredUntil: memory.state.deferredUntil,
    restartRequired: facts.current !== 0 && facts.current !== facts.booted,
    lastError,
    daemonVersion,
  };
}
