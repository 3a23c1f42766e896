/**
 * Memory of large arrays that are used for a moment: the engine sees only their small handles, and frees them some 50 MB late. Whoever
 * says `freeSpentBuffers` in its thread, once, has them collected as they are reported here.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Buffers of so many bytes are let go of before their memory is collected. */
const COLLECT_BYTES = 4 << 20;
/** After so many the old ones, which survived that, are collected too: some milliseconds. */
const COLLECT_ALL_BYTES = 24 << 20;

type Collect = (options?: { readonly type: 'minor' }) => void;

let collect: Collect = () => {};
let spentBytes = 0;
let allSpentBytes = 0;
let collectsOld = false;

/** Once in each thread. `oldToo`: for threads whose heap is so small that all of it may be looked at now and then. */
export function freeSpentBuffers(oldToo = false): void {
  collectsOld = oldToo;
  // Only contexts that are made after the flag have the engine's own `gc`.
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof gc === 'function') collect = (options) => gc(options);
}

/** To be told of short-lived buffers: so many bytes of them were used and are not needed any more. */
export function buffersSpent(bytes: number): void {
  spentBytes += bytes;
  allSpentBytes += bytes;
  if (collectsOld && allSpentBytes >= COLLECT_ALL_BYTES) collectAll();
  else if (spentBytes >= COLLECT_BYTES) {
    spentBytes = 0;
    collect({ type: 'minor' });
  }
}

/** Holds up everything for some tens of milliseconds. */
export function collectAll(): void {
  spentBytes = 0;
  allSpentBytes = 0;
  collect();
}
