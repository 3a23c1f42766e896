/** Memory of a running process, from /proc (see proc(5)). */
import { readFileSync, writeFileSync } from 'node:fs';

export interface MemorySample {
  /** Resident: what is shared with other processes counts whole. */
  readonly rssBytes: number;
  /** Shared pages count by their share. */
  readonly pssBytes: number;
  /** What would be free if the process ended. */
  readonly ussBytes: number;
}

export function sampleMemory(pid: number): MemorySample {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return {
    rssBytes: field('Rss'),
    pssBytes: field('Pss'),
    ussBytes: field('Private_Clean') + field('Private_Dirty'),
  };
}

/** Follows a process; the peak is the kernel's own and misses nothing. */
export class MemoryWatch {
  readonly #pid: number;
  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Forgets the highest resident size so far. */
  reset(): void {
    writeFileSync(`/proc/${this.#pid}/clear_refs`, '5');
  }

  peakBytes(): number {
    const text = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
  }
}
