/** Folders that are gone after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

/** A new empty folder, removed when the test ends. */
export function tempFolder(t: Pick<TestContext, 'after'>, name = 'ripple'): string {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const TRIES = 40;
const BETWEEN_MS = 250;

/**
 * Removes a folder into which an ending browser may still write. `rmSync` lists a folder only once, and its own retries find
 * what came after that in the way each time.
 */
export async function removeFolder(folder: string): Promise<void> {
  for (let left = TRIES; ; left--) {
    try {
      rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(BETWEEN_MS);
    }
  }
}
