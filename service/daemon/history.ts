/** What happened on this laptop, newest last, for whoever is asked "since when?". Bounded; nothing is decided by it. */
import { readFileSync } from 'node:fs';
import type { Layout } from '../deploy/layout.ts';
import { writeDurablySync } from '../sys/durable.ts';

const MAX_LINES = 500;

export interface HistoryEntry {
  readonly event: 'etc' | 'rolled-back' | 'blessed';
  readonly version: number;
  readonly [detail: string]: unknown;
}

/** One line of JSON; `at` is by the machine's clock, which may be wrong. */
export function addToHistory(layout: Layout, entry: HistoryEntry): void {
  const lines = readLines(layout.history).slice(1 - MAX_LINES);
  lines.push(JSON.stringify({ at: new Date().toISOString(), ...entry }));
  try {
    writeDurablySync(layout.history, Buffer.from(`${lines.join('\n')}\n`));
  } catch {
    // A full disk must not keep a laptop from going on: the log has it too.
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
