/**
 * A small resident size for a process that rests for hours and moves many megabytes now and then. Left alone, both the engine and the C
 * library keep what a large piece of work took, in case there is another. Does nothing before `keepLittleSpare`.
 */
import { limitHeapSpare, trimHeap } from './libc.ts';
import { collectAll, freeSpentBuffers } from './spent-buffers.ts';

/** By then whoever asked for the work has heard that it is over. */
const REST_AFTER_MS = 500;
/**
 * What is larger goes straight back to the system when it is freed. Sockets are read into 64 KiB, thousands of times in a
 * fetch: to map each of them anew is half of the processor time of a laptop that fetches and gives, and saves no memory.
 */
const LARGE_BYTES = 100 << 10;

let timer: NodeJS.Timeout | undefined;

/** For daemons, once, at the start. What it says to the C library holds for all threads. */
export function keepLittleSpare(): void {
  limitHeapSpare(LARGE_BYTES);
  freeSpentBuffers();
}

/** To be called when nothing is under way: it will hold up everything for some tens of milliseconds. */
export function giveBackSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    collectAll();
    trimHeap();
  }, REST_AFTER_MS).unref();
}
