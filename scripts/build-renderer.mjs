// Bundles the window's page into build/renderer-dist and, for Electron, its preload into build/main/preload.cjs.
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'build', 'renderer-dist');
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

// Debian 12's Chromium and the oldest Electron that runs the main process as ES modules.
const target = ['chrome120'];
const common = { bundle: true, target, logLevel: 'warning', legalComments: 'none', absWorkingDir: root };

await Promise.all([
  build({
    ...common,
    entryPoints: { app: 'renderer/app.ts' },
    outdir: out,
    format: 'esm',
    minify: true,
    sourcemap: 'linked',
    // Class fields that shadow Lit's accessors must not be emitted; tsconfig says the same.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, target: 'es2022' } },
  }),
  build({ ...common, entryPoints: { app: 'renderer/page.css' }, outdir: out, minify: true }),
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
