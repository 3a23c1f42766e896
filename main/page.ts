/** The built page, as the bridge and Electron both serve it: four files, and headers under which nothing else runs. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'renderer-dist');

const FILES: ReadonlyMap<string, { readonly name: string; readonly type: string }> = new Map([
  ['/', { name: 'index.html', type: 'text/html; charset=utf-8' }],
  ['/app.js', { name: 'app.js', type: 'text/javascript; charset=utf-8' }],
  ['/app.css', { name: 'app.css', type: 'text/css; charset=utf-8' }],
  ['/ripple.svg', { name: 'ripple.svg', type: 'image/svg+xml' }],
]);

/** Content Security Policy Level 3: only the page's own files, no inline script or style, nobody may frame it. */
export const PAGE_HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types lit-html',
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

/** A file of the page by its path; `undefined` for every other path. Rejects when the page was not built. */
export async function pageFile(
  path: string,
): Promise<{ readonly type: string; readonly body: Buffer<ArrayBuffer> } | undefined> {
  const file = FILES.get(path);
  return file ? { type: file.type, body: await readFile(join(FOLDER, file.name)) } : undefined;
}
