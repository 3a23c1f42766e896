// Bundles the window's page into build/renderer-dist and, for Electron, its preload into build/main/preload.cjs.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'build', 'renderer-dist');
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

// Debian 12's Chromium and the oldest Electron that runs the main process as ES modules.
const target = ['chrome120'];
const common = {
  bundle: true,
  target,
  logLevel: 'warning',
  legalComments: 'none',
  charset: 'utf8',
  absWorkingDir: root,
};

await Promise.all([
  build({
    ...common,
    entryPoints: { app: 'renderer/app.ts' },
    outdir: out,
    format: 'esm',
    // Each language is a file of its own, loaded where it is used.
    splitting: true,
    chunkNames: 'part-[hash]',
    minify: true,
    sourcemap: 'linked',
    // Class fields that shadow Lit's accessors must not be emitted; tsconfig says the same.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, target: 'es2022' } },
  }),
  build({ ...common, entryPoints: { app: 'renderer/page.css' }, outdir: out, minify: true, external: ['*.woff2'] }),
  existsSync(join(root, 'main/preload.ts'))
    ? build({
        ...common,
        entryPoints: ['main/preload.ts'],
        outfile: join(root, 'build/main/preload.cjs'),
        format: 'cjs',
        platform: 'node',
        external: ['electron'],
      })
    : undefined,
]);
copyFileSync(join(root, 'renderer/index.html'), join(out, 'index.html'));
copyFileSync(join(root, 'assets/icons/ripple.svg'), join(out, 'ripple.svg'));

// The fonts of every language that there are words for (SIL Open Font License), by the part of Unicode they cover.
const FONTS = {
  'noto-sans': ['latin', 'latin-ext', 'cyrillic', 'cyrillic-ext', 'devanagari'],
  'noto-sans-arabic': ['arabic'],
  'noto-sans-khmer': ['khmer'],
};
const packages = createRequire(import.meta.url);
for (const [family, parts] of Object.entries(FONTS)) {
  const folder = dirname(packages.resolve(`@fontsource-variable/${family}/package.json`));
  for (const part of parts) {
    const name = `${family}-${part}-wght-normal.woff2`;
    copyFileSync(join(folder, 'files', name), join(out, name));
  }
}
