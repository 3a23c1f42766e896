/** Folders that are gone after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A new empty folder, removed when the test ends. */
export function tempFolder(t: Pick<TestContext, 'after'>, name = 'ripple'): string {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
