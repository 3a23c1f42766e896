// Bundles the window's page into build/renderer-dist and, for Electron, its preload into build/main/preload.cjs.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { common, copyPageAssets, pageBuilds } from './renderer-build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'build', 'renderer-dist');
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

await Promise.all([
  ...pageBuilds(root, out, { app: 'renderer/app.ts' }, true).map((options) => build(options)),
  existsSync(join(root, 'main/preload.ts'))
    ? build({
        ...common(root),
        entryPoints: ['main/preload.ts'],
        outfile: join(root, 'build/main/preload.cjs'),
        format: 'cjs',
        platform: 'node',
        external: ['electron'],
      })
    : undefined,
]);
copyFileSync(join(root, 'renderer/index.html'), join(out, 'index.html'));
copyPageAssets(root, out);
