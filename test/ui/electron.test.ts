/**
 * Electron's main process and preload, run with a stand-in for Electron's API (window.test.ts has the real one, where its binary
 * is): what window it opens, what that window may do, and whom it listens to. Bus, service and page files are real.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CHANNELS } from '../../main/channels.ts';
import { PAGE_HEADERS } from '../../main/page.ts';
import { STORY } from '../../service/demo/scripted/child-story.ts';
import { until } from '../helpers/activity-stage.ts';
import * as electron from '../helpers/electron-stand-in.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { tempFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

type Service = Awaited<ReturnType<typeof startUpdaterOnBus>>;
let service: Service;
let window: electron.BrowserWindow;
const PAGE = 'ripple://activity/';
const REFUSED = { ok: false, code: 'InvalidArgument' };

before(async (t) => {
  assert.ok('after' in t);
  process.env.XDG_STATE_HOME = tempFolder(t);
  service = await startUpdaterOnBus();
  service.updater.set(STORY.available);
  process.argv = ['electron', '/somewhere/electron.js', '--bus', service.bus.address];
  electron.useElectronStandIn();
  await import('../../main/electron.ts');
  assert.deepEqual(electron.BrowserWindow.all, [], 'no window before Electron is ready');
  electron.app.becomeReady();
  await until(() => electron.BrowserWindow.all.length === 1, 'the window opens');
  const [first] = electron.BrowserWindow.all;
  assert.ok(first);
  window = first;
});
after(async () => {
  electron.app.emit('will-quit');
  await service.stop();
});

test('the window has no Node, is isolated and sandboxed; scheme and sandbox are set before Electron is ready', () => {
  const { asked } = electron.app;
  assert.deepEqual(asked.slice(0, 4), [
    'registerSchemesAsPrivileged',
    'enableSandbox',
    'requestSingleInstanceLock',
    'ready',
  ]);
  assert.deepEqual(electron.protocol.schemes, [{ scheme: 'ripple', privileges: { standard: true, secure: true } }]);
  const { preload, ...rest } = window.options.webPreferences ?? {};
  assert.deepEqual(rest, { contextIsolation: true, sandbox: true, nodeIntegration: false, webviewTag: false });
  assert.equal(preload, join(PROJECT_ROOT, 'build', 'main', 'preload.cjs'));
  assert.equal(window.webContents.mainFrame.url, PAGE);
});

test('the page comes from its own scheme, under the same policy, and nothing else does', async () => {
  const serve = electron.protocol.handlers.get('ripple');
  assert.ok(serve);
  const page = await serve(new Request(PAGE));
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<ripple-app>/);
  assert.equal(page.headers.get('content-security-policy'), PAGE_HEADERS['Content-Security-Policy']);
  for (const [url, method] of [
    ['ripple://elsewhere/', 'GET'],
    [`${PAGE}../package.json`, 'GET'],
    [PAGE, 'POST'],
  ] as const)
    assert.equal((await serve(new Request(url, { method }))).status, 404, url);
});

test('nothing leads the window away, opens another, or gets a permission but to copy', () => {
  for (const name of ['will-navigate', 'will-attach-webview']) {
    const event = new electron.NavigationEvent();
    window.webContents.emit(name, event);
    assert.ok(event.prevented, name);
  }
  const details = { url: 'https://example.org/', frameName: '', features: '', disposition: 'new-window' } as const;
  const answer = window.webContents.openHandler?.({ ...details, referrer: { url: '', policy: 'no-referrer' } });
  assert.deepEqual(answer, { action: 'deny' });
  const answers: boolean[] = [];
  const ask = electron.session.defaultSession.permission as unknown;
  assert.ok(typeof ask === 'function');
  for (const permission of ['media', 'notifications', 'geolocation', 'clipboard-read', 'clipboard-sanitized-write'])
    ask(window.webContents, permission, (given: boolean) => answers.push(given));
  assert.deepEqual(answers, [false, false, false, false, true]);
});

test('IPC from a frame that is not the page itself is refused, and nothing is told to it', async () => {
  const { mainFrame, sent } = window.webContents;
  const strangers = [null, { url: PAGE }, { url: 'https://example.org/' }];
  for (const frame of strangers) {
    electron.ipcMain.sendFrom(frame, CHANNELS.subscribe);
    assert.deepEqual(await electron.ipcMain.invokeFrom(frame, CHANNELS.call, { name: 'check' }), REFUSED);
  }
  Object.assign(mainFrame, { url: 'https://example.org/' });
  electron.ipcMain.sendFrom(mainFrame, CHANNELS.subscribe);
  assert.deepEqual(await electron.ipcMain.invokeFrom(mainFrame, CHANNELS.call, { name: 'check' }), REFUSED);
  Object.assign(mainFrame, { url: PAGE });
  assert.deepEqual([sent, service.updater.calls], [[], []]);
});

test('the page itself hears every snapshot, and its calls of the list reach the daemon', async () => {
  const { mainFrame, sent } = window.webContents;
  electron.ipcMain.sendFrom(mainFrame, CHANNELS.subscribe);
  await until(() => JSON.stringify(sent.at(-1) ?? '').includes('"state":"available"'), 'the snapshot is told');
  assert.ok(sent.every(([channel]) => channel === CHANNELS.snapshot));
  assert.deepEqual(await electron.ipcMain.invokeFrom(mainFrame, CHANNELS.call, { name: 'fetch', version: 7 }), {
    ok: true,
  });
  assert.deepEqual(service.updater.calls, [['fetch', 7]]);
  for (const wrong of [undefined, 'fetch', { name: 'Verify' }, { name: 'fetch', version: -1 }])
    assert.deepEqual(await electron.ipcMain.invokeFrom(mainFrame, CHANNELS.call, wrong), REFUSED);
  service.updater.set(STORY.fetching);
  await until(() => JSON.stringify(sent.at(-1) ?? '').includes('"state":"fetching"'), 'the next one, too');
});

test('a second start brings the window to the front; closing it ends the program', () => {
  window.minimized = true;
  electron.app.emit('second-instance');
  assert.deepEqual([window.minimized, window.focused], [false, 1]);
  electron.app.emit('window-all-closed');
  assert.equal(electron.app.asked.at(-1), 'quit');
});

test('the preload shows the page two functions and nothing of Electron', async () => {
  const shown = new Map<string, unknown>();
  const asked: (readonly unknown[])[] = [];
  let listener = (_event: object, _value: unknown): void => {};
  const stand = {
    contextBridge: { exposeInMainWorld: (name: string, value: unknown) => shown.set(name, value) },
    ipcRenderer: {
      on: (channel: string, hear: typeof listener) => {
        asked.push(['on', channel]);
        listener = hear;
      },
      send: (...args: readonly unknown[]) => asked.push(['send', ...args]),
      invoke: async (...args: readonly unknown[]) => {
        asked.push(['invoke', ...args]);
        return { ok: true };
      },
    },
  };
  const code = readFileSync(join(PROJECT_ROOT, 'build', 'main', 'preload.cjs'), 'utf8');
  new Function('require', 'module', 'exports', code)(
    (name: string) => (name === 'electron' ? stand : assert.fail(`the preload asks for ${name}`)),
    { exports: {} },
    {},
  );
  assert.deepEqual([...shown.keys()], ['ripple']);
  const ripple = shown.get('ripple');
  assert.ok(typeof ripple === 'object' && ripple !== null && 'subscribe' in ripple && 'call' in ripple);
  assert.deepEqual(Object.keys(ripple).sort(), ['call', 'subscribe']);
  assert.ok(typeof ripple.subscribe === 'function' && typeof ripple.call === 'function');
  const heard: unknown[] = [];
  ripple.subscribe((value: unknown) => heard.push(value));
  listener({ sender: 'what the page must not get' }, 'a snapshot');
  assert.deepEqual(heard, ['a snapshot']);
  assert.deepEqual(await ripple.call({ name: 'check' }), { ok: true });
  assert.deepEqual(asked, [
    ['on', CHANNELS.snapshot],
    ['send', CHANNELS.subscribe],
    ['invoke', CHANNELS.call, { name: 'check' }],
  ]);
});
