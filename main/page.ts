/** The built page, as the bridge and Electron both serve it: its files, and headers under which nothing else runs. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'renderer-dist');

/** By the end of the name; what has none of these is no file of a page. */
export const PAGE_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

export interface PageFile {
  readonly type: string;
  readonly body: Buffer<ArrayBuffer>;
}

/** What lies in the folder, and nothing else: a path is looked up in this list, never put together. */
const names = readdir(FOLDER).then(
  (found) => new Set(found),
  () => new Set<string>(),
);

/** Content Security Policy Level 3: only the page's own files, no inline script or style, nobody may frame it. */
export const PAGE_HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
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
export async function pageFile(path: string): Promise<PageFile | undefined> {
  const name = path === '/' ? 'index.html' : path.slice(1);
  const type = PAGE_TYPES[extname(name)];
  // One address for each file: the page itself is `/`.
  if (type === undefined || path === '/index.html' || !(await names).has(name)) return undefined;
  return { type, body: await readFile(join(FOLDER, name)) };
}
