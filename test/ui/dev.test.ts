/** `npm run dev`: scenario files are checked and played on a real bus, and the page is loaded anew when it was built anew. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UpdaterClient } from '../../dbus/client.ts';
import { decodeLaptops, decodeSnapshot } from '../../dbus/decode.ts';
import { startDev } from '../../service/demo/dev.ts';
import { STORY } from '../../service/demo/scripted/child-story.ts';
import { Player } from '../../service/demo/scripted/player.ts';
import { parseScenario } from '../../service/demo/scripted/scenario.ts';
import { launchBrowser, until, Window } from '../helpers/activity-stage.ts';
import { PROJECT_ROOT, startPrivateBus } from '../helpers/private-bus.ts';
import { tempFolder } from '../helpers/temp.ts';

const SCENARIOS = join(PROJECT_ROOT, 'renderer-dev', 'scenarios');

test('every scenario that comes along is right', () => {
  const names = readdirSync(SCENARIOS);
  assert.ok(names.length >= 7);
  for (const name of names) parseScenario(readFileSync(join(SCENARIOS, name), 'utf8'), name);
});

test('a wrong file is refused in one line that names the file, the place and what is right', () => {
  const refused = (text: string, message: RegExp): void => {
    assert.throws(() => parseScenario(text, 'x.json'), { code: 'InvalidArgument', message });
  };
  refused('{', /^x\.json: is not JSON: [^\n]*$/);
  refused('{"steps":[]}', /^x\.json: .*at least one/);
  refused('{"steps":[{"show":"nonsense"}]}', /step 1: "show" must be one of idle, .*, away$/);
  refused('{"steps":[{"show":"idle"},{"show":"idle","seconds":-1}]}', /step 2: "seconds" must be a number from 0/);
  refused('{"steps":[{"show":"idle","second":1}]}', /step 1: "second" is not known; known: show, /);
  refused('{"steps":[{"show":"idle","until":"install"}]}', /step 1: "until" must be one of check, /);
  refused('{"steps":[{"show":"fetching","grows":[0,2]}]}', /step 1: "grows" must be a number from 0 to 1/);
  refused('{"loop":true,"steps":[{"show":"idle"}]}', /every step of a loop needs/);
  refused('{"class":5000,"steps":[{"show":"idle"}]}', /"class" must be a number from 0 to 1000/);
});

test('a scenario is played on the bus: calls lead on, things grow, the daemon goes and comes', async (t) => {
  const bus = await startPrivateBus();
  const scenario = parseScenario(
    JSON.stringify({
      class: 60,
      steps: [
        { show: 'available', neighbours: 60, until: 'fetch' },
        { show: 'fetching', grows: [0.5, 1], seconds: 0.5 },
        { show: 'away', seconds: 0.2 },
        { show: 'ready', deadlineSeconds: 600, until: 'restart' },
        { show: 'idle', seconds: 0.1 },
      ],
    }),
    'x.json',
  );
  const player = new Player(bus.address, scenario);
  const ended = new AbortController();
  const client = await UpdaterClient.connect(bus.address);
  t.after(async () => {
    ended.abort();
    player.close();
    client.close();
    await bus.stop();
  });
  const played = player.play(ended.signal);
  const heard = () => (client.present ? decodeSnapshot(client.properties) : undefined);
  await until(() => heard()?.state === 'available', 'the first step');
  assert.equal(heard()?.peers.length, 61);
  await until(() => decodeLaptops(client.classroom?.Laptops ?? []).length === 60, 'the class');
  await client.call('Fetch', [7, {}]);
  await until(() => (heard()?.progress.doneBytes ?? 0) > STORY.fetching.progress.totalBytes / 2, 'it grows');
  await until(() => !client.present, 'the daemon goes');
  await until(() => heard()?.state === 'ready', 'the daemon comes back');
  assert.ok((heard()?.order?.deadline ?? 0) > Date.now() / 1000);
  await client.call('Restart', []);
  await played;
  assert.equal(heard()?.state, 'idle');
});

test('the page and the gallery run under the rules of the built page, and are loaded anew', async (t) => {
  const folder = tempFolder(t);
  const bundler = join(PROJECT_ROOT, 'scripts', 'renderer-build.mjs');
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `
    import { build } from 'esbuild';
    import { copyFileSync } from 'node:fs';
    import { copyPageAssets, pageBuilds } from ${JSON.stringify(bundler)};
    const [root, out] = process.argv.slice(1);
    copyPageAssets(root, out);
    for (const name of ['index.html', 'gallery.html']) copyFileSync(root + '/renderer-dev/' + name, out + '/' + name);
    const scripts = { app: 'renderer-dev/dev.ts', gallery: 'renderer-dev/gallery.ts' };
    for (const options of pageBuilds(root, out, scripts, false)) await build(options);`,
      PROJECT_ROOT,
      folder,
    ],
    {
      cwd: PROJECT_ROOT,
    },
  );
  const scenario = join(folder, 'scenario.json');
  writeFileSync(scenario, '{"steps":[{"show":"available"}]}');
  const dev = await startDev({ page: folder, scenario, say: () => {} });
  const browser = await launchBrowser();
  t.after(async () => {
    await browser.close();
    await dev.stop();
  });
  const window = await Window.open(browser, dev.url);
  await window.shows('available');
  const { page } = window;
  const again = page.waitForEvent('load');
  // Until the page has asked: what is built before that is no news to it.
  const building = setInterval(() => dev.rebuilt(), 100);
  await again.finally(() => clearInterval(building));
  await window.shows('available');
  await page.goto(new URL('/gallery?language=ar', dev.url).href);
  await page.locator('section[data-shown="one laptop"]').waitFor();
  assert.ok((await page.locator('gallery-screen h1').allTextContents()).length >= 30);
  assert.equal(await page.getAttribute('html', 'dir'), 'rtl');
  assert.deepEqual(window.complaints, []);
});

test('nothing of it is in the page that people get', () => {
  const folder = join(PROJECT_ROOT, 'build', 'renderer-dist');
  for (const name of readdirSync(folder).filter((one) => /\.(js|html)$/.test(one)))
    assert.doesNotMatch(readFileSync(join(folder, name), 'utf8'), /next-build|ripple-gallery/, name);
});
