// How the page is bundled: the built one, and the one that is being worked on.
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// Debian 12's Chromium and the oldest Electron that runs the main process as ES modules.
export const common = (root) => ({
  bundle: true,
  target: ['chrome120'],
  logLevel: 'warning',
  legalComments: 'none',
  charset: 'utf8',
  absWorkingDir: root,
});

/** The page's script, each language in a file of its own, and its styles. */
export function pageBuilds(root, out, scripts, minify) {
  return [
    {
      ...common(root),
      entryPoints: scripts,
      outdir: out,
      format: 'esm',
      // Each language is a file of its own, loaded where it is used.
      splitting: true,
      chunkNames: 'part-[hash]',
      minify,
      sourcemap: minify ? 'linked' : 'inline',
      // Class fields that shadow Lit's accessors must not be emitted; tsconfig says the same.
      tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, target: 'es2022' } },
    },
    { ...common(root), entryPoints: { app: 'renderer/page.css' }, outdir: out, minify, external: ['*.woff2'] },
  ];
}

// The fonts of every language that there are words for (SIL Open Font License), by the part of Unicode they cover.
const FONTS = {
  'noto-sans': ['latin', 'latin-ext', 'cyrillic', 'cyrillic-ext', 'devanagari'],
  'noto-sans-arabic': ['arabic'],
  'noto-sans-khmer': ['khmer'],
};

/** The icon and the fonts. */
export function copyPageAssets(root, out) {
  copyFileSync(join(root, 'assets/icons/ripple.svg'), join(out, 'ripple.svg'));
  const packages = createRequire(import.meta.url);
  for (const [family, parts] of Object.entries(FONTS)) {
    const folder = dirname(packages.resolve(`@fontsource-variable/${family}/package.json`));
    for (const part of parts) {
      const name = `${family}-${part}-wght-normal.woff2`;
      copyFileSync(join(folder, 'files', name), join(out, name));
    }
  }
}
