/** Debian's bzip2, bsdiff and bspatch: what ours must understand, and be understood by. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAX_BYTES = 1 << 28;

export function debianBzip2(bytes: Uint8Array, ...options: string[]): Buffer {
  return execFileSync('bzip2', ['-c', ...options], { input: bytes, maxBuffer: MAX_BYTES });
}

export function debianBunzip2(bytes: Uint8Array): Buffer {
  return execFileSync('bzip2', ['-dc'], { input: bytes, maxBuffer: MAX_BYTES });
}

/** Neither file may be empty: bsdiff cannot map those. */
export function debianBsdiff(old: Uint8Array, target: Uint8Array): Buffer {
  return inFolder({ old, target }, (path) => {
    execFileSync('bsdiff', [path('old'), path('target'), path('diff')]);
    return readFileSync(path('diff'));
  });
}

export function debianBspatch(old: Uint8Array, diff: Uint8Array): Buffer {
  return inFolder({ old, diff }, (path) => {
    execFileSync('bspatch', [path('old'), path('target'), path('diff')], { stdio: 'pipe' });
    return readFileSync(path('target'));
  });
}

function inFolder<T>(files: Readonly<Record<string, Uint8Array>>, use: (path: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-debian-diff-'));
  try {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    return use((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
