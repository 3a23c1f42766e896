/** Version trees made of one another. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { command } from './command.ts';

/** `linked`: by hard links; then files must be replaced and never written to. */
export async function copyTree(from: string, to: string, how: 'linked' | 'whole'): Promise<void> {
  await command('cp', [how === 'linked' ? '-al' : '-a', from, to]);
}

/** Replaces a file of a tree. */
export function changeFile(tree: string, path: string, content: string | Uint8Array): void {
  const file = join(tree, path);
  rmSync(file, { recursive: true, force: true });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** The first version comes to its disk by mke2fs(8), which knows no fractions of a second. */
export async function wholeSeconds(tree: string): Promise<void> {
  const recent = ['-newermt', '@1700000000', '-exec', 'touch', '-h', '-d', '@1700000000', '{}', '+'];
  await command('find', [tree, ...recent]);
}
