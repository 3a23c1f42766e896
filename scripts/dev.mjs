// npm run dev [-- --scenario FILE] [--built]: the page while one works on it. Every change of renderer/ is bundled at once and
// loaded anew; the daemon is scripted (renderer-dev/scenarios). `--built`: the checkout is set up and compiled already.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { context } from 'esbuild';
import { copyPageAssets, pageBuilds } from './renderer-build.mjs';
import { setup } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
let values;
try {
  ({ values } = parseArgs({ options: { scenario: { type: 'string' }, built: { type: 'boolean' } } }));
} catch (error) {
  console.error(`dev: ${error.message}`);
  process.exit(2);
}
if (!values.built) setup('start');
const { readScenario, startDev } = await import('../build/service/demo/dev.js');
const scenario = resolve(values.scenario ?? join(root, 'renderer-dev/scenarios/journey.json'));
try {
  readScenario(scenario);
} catch (error) {
  console.error(`dev: ${error.message}`);
  process.exit(2);
}

const page = join(root, 'build', 'dev-page');
rmSync(page, { recursive: true, force: true });
mkdirSync(page, { recursive: true });
copyPageAssets(root, page);
for (const name of ['index.html', 'gallery.html']) copyFileSync(join(root, 'renderer-dev', name), join(page, name));

let dev;
const tell = {
  name: 'tell',
  setup: ({ onEnd }) => onEnd(({ errors }) => (errors.length === 0 ? dev?.rebuilt() : undefined)),
};
const scripts = { app: 'renderer-dev/dev.ts', gallery: 'renderer-dev/gallery.ts' };
const contexts = await Promise.all(
  pageBuilds(root, page, scripts, false).map((options) => context({ ...options, plugins: [tell] })),
);
for (const one of contexts) await one.rebuild();
dev = await startDev({ page, scenario, say: (line) => console.log(line) });
for (const one of contexts) await one.watch();
console.log(`The page:     ${dev.url}
All screens:  ${new URL('/gallery', dev.url)}  (after the page, in the same browser)
Languages:    add ?language=km to either
Commands:     RIPPLE_BUS=${dev.bus} npx ripple status
Playing ${scenario}; it is played again when it is changed. Ctrl-C ends it all.`);

async function stop() {
  await Promise.all(contexts.map((one) => one.dispose()));
  await dev.stop();
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);
