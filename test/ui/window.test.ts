/** The activity as it is started: its own process, and the window it opens. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { _electron } from 'playwright-core';
import { findElectron } from '../../main/window.ts';
import { STORY } from '../../service/demo/scripted/child-story.ts';
import { launchBrowser, Window } from '../helpers/activity-stage.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { tempFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

const MAIN = join(PROJECT_ROOT, 'build', 'main', 'main.js');

function start(args: readonly string[], state: string): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    // Not the bus and the desktop of whoever runs the tests.
    env: { ...process.env, XDG_STATE_HOME: state, DBUS_SESSION_BUS_ADDRESS: '', XDG_RUNTIME_DIR: state },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
const exit = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)));

test('`--print` says where the page is, follows the daemon there, and ends when told to', async (t) => {
  const state = tempFolder(t);
  const service = await startUpdaterOnBus();
  service.updater.set(STORY.available);
  const child = start(['--bus', service.bus.address, '--print'], state);
  const ended = exit(child);
  const browser = await launchBrowser();
  t.after(async () => {
    child.kill('SIGKILL');
    await browser.close();
    await service.stop();
  });
  const [url] = await new Promise<string[]>((resolve, reject) => {
    assert.ok(child.stdout);
    createInterface({ input: child.stdout }).once('line', (line) => resolve([line]));
    child.once('exit', () => reject(new Error('it ended before it said anything')));
  });
  assert.match(url ?? '', /^http:\/\/127\.0\.0\.1:\d+\/#[\w-]{43}$/);
  const window = await Window.open(browser, url ?? '');
  await window.shows('available');
  assert.doesNotMatch(window.page.url(), /#./, 'the token does not stay in the address');
  await window.page.reload();
  await window.shows('available');
  assert.deepEqual(window.complaints, []);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  assert.ok(existsSync(join(state, 'ripple-activity', 'state.json')));
});

test('wrong arguments end it with status 2 and one line', async (t) => {
  const child = spawn(process.execPath, [MAIN, '--nonsense'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  t.after(() => child.kill());
  assert.equal(await exit(child), 2);
  assert.match(said, /^ripple-activity: .*--nonsense.*\n$/);
});

const electron = findElectron();
const noElectron = 'node_modules/electron has no binary here (it is fetched from the internet at its first start)';
if (!electron) console.error(`SKIPPED: the Electron window was NOT tested: ${noElectron}`);
test('the Electron window shows the same page, sandboxed, and refuses IPC from anything else', {
  skip: electron ? false : noElectron,
}, async (t) => {
  assert.ok(electron);
  const home = tempFolder(t);
  mkdirSync(join(home, 'data'));
  const service = await startUpdaterOnBus();
  service.updater.set(STORY.available);
  const app = await _electron.launch({
    executablePath: electron,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      join(PROJECT_ROOT, 'build', 'main', 'electron.js'),
      '--bus',
      service.bus.address,
    ],
    env: { ...process.env, XDG_STATE_HOME: home, XDG_CONFIG_HOME: join(home, 'data') },
  });
  t.after(async () => {
    await app.close();
    await service.stop();
  });
  const page = await app.firstWindow();
  await page.locator('ripple-app[data-screen=available]').waitFor();
  assert.equal(await page.evaluate(() => 'require' in globalThis || 'process' in globalThis), false);
  await page.getByRole('button', { name: 'Get it' }).waitFor();
  await page.waitForTimeout(700);
  await page.getByRole('button', { name: 'Get it' }).click();
  await page.waitForTimeout(300);
  assert.deepEqual(service.updater.calls, [['fetch', 7]]);
  assert.equal(await page.evaluate(() => window.open('https://example.org/')), null);
  const foreign = await app.evaluate(async ({ BrowserWindow }) => {
    const other = new BrowserWindow({
      show: false,
      webPreferences: { nodeIntegration: true, contextIsolation: false, sandbox: false },
    });
    await other.loadURL('data:text/html,<p>other');
    return other.webContents.executeJavaScript(
      `require('electron').ipcRenderer.invoke('ripple:call', { name: 'check' }).then((r) => r.ok, () => false)`,
    );
  });
  assert.equal(foreign, false);
});
