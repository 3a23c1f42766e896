/**
 * A small resident size for a process that rests for hours and moves many megabytes now and then. Left alone, the engine
 * frees the buffers of a download some 50 MB late (it sees only their small handles), and both the engine and the C
 * library keep what a large piece of work took, in case there is another. Does nothing before `keepLittleSpare`.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { limitHeapSpare, trimHeap } from './libc.ts';

/** By then whoever asked for the work has heard that it is over. */
const REST_AFTER_MS = 500;
/** Buffers of so many bytes are let go of before their memory is collected. */
const COLLECT_BYTES = 4 << 20;
/** What sockets and files are read into is larger than this, and goes straight back to the system when it is freed. */
const LARGE_BYTES = 32 << 10;

type Collect = (options?: { readonly type: 'minor' }) => void;

let collect: Collect = () => {};
let timer: NodeJS.Timeout | undefined;
let spentBytes = 0;

/** For daemons, once, at the start. */
export function keepLittleSpare(): void {
  limitHeapSpare(LARGE_BYTES);
  // Only contexts that are made after the flag have the engine's own `gc`.
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof gc === 'function') collect = (options) => gc(options);
}

/** To be told of short-lived buffers: so many bytes of them were used and are not needed any more. */
export function buffersSpent(bytes: number): void {
  spentBytes += bytes;
  if (spentBytes < COLLECT_BYTES) return;
  spentBytes = 0;
  collect({ type: 'minor' });
}

/** To be called when nothing is under way: it will hold up everything for some tens of milliseconds. */
export function giveBackSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    collect();
    trimHeap();
  }, REST_AFTER_MS).unref();
}
