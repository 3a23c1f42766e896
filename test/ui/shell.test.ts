/** The activity on a desktop: its window, one instance, notifications; with a real session bus and a real Chromium without a screen. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { connectBus } from '../../dbus/connection.ts';
import { noticeOf } from '../../main/notice.ts';
import { openProfile } from '../../main/profile.ts';
import { APPLICATION } from '../../main/session-bus.ts';
import { personLanguages } from '../../main/shell.ts';
import { findBrowser, findElectron } from '../../main/window.ts';
import { CONNECTING } from '../../service/api/activity.ts';
import { type Change, STORY } from '../../service/demo/scripted/child-story.ts';
import { FIRST_SNAPSHOT } from '../../service/demo/scripted/scripted-updater.ts';
import { until } from '../helpers/activity-stage.ts';
import { NotificationServer } from '../helpers/notification-server.ts';
import { PROJECT_ROOT, startPrivateBus } from '../helpers/private-bus.ts';
import { removeFolder, tempFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';

const MAIN = join(PROJECT_ROOT, 'build', 'main', 'main.js');
const ELECTRON = { skip: findElectron() ? 'Electron is here and comes first' : false };
/** As the desktop's own bus: everybody on it may talk to everybody. */
const OPEN = `<busconfig><policy context="default"><allow send_destination="*"/></policy></busconfig>`;

/** A desktop with a session bus, a daemon in a state, and a browser that can be looked into. */
async function desktop(t: TestContext, change: Change) {
  // Removed only after the browser is gone, which still writes while it ends.
  const folder = mkdtempSync(join(tmpdir(), 'ripple-desktop-'));
  writeFileSync(join(folder, 'open.conf'), OPEN);
  const session = await startPrivateBus({ policyFiles: [join(folder, 'open.conf')] });
  const service = await startUpdaterOnBus();
  service.updater.set(change);
  const browser = findBrowser();
  assert.ok(browser);
  // Stands where Chromium is looked for: the same browser, but without a screen and with a port to look in through.
  writeFileSync(
    join(folder, 'chromium'),
    `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/args'\nexec '${browser}' --headless --remote-debugging-port=0 "$@"\n`,
    { mode: 0o755 },
  );
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map((child) => ended(child)));
    await service.stop();
    await session.stop();
    await removeFolder(folder);
  });
  const start = (...args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, [MAIN, '--bus', service.bus.address, ...args], {
      env: {
        ...process.env,
        XDG_STATE_HOME: folder,
        TMPDIR: folder,
        PATH: `${folder}:${process.env.PATH}`,
        DBUS_SESSION_BUS_ADDRESS: session.address,
        LANGUAGE: 'es',
      },
      stdio: 'inherit',
    });
    children.push(child);
    return child;
  };
  const profile = join(folder, 'ripple-activity', 'window');
  const port = join(profile, 'DevToolsActivePort');
  const look = async (): Promise<Browser> => {
    await until(() => existsSync(port) && readFileSync(port, 'utf8') !== '', 'the browser runs');
    const seen = await chromium.connectOverCDP(`http://127.0.0.1:${readFileSync(port, 'utf8').split('\n')[0]}`);
    rmSync(port);
    return seen;
  };
  return { folder, profile, session, service, start, look };
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

async function closeWindow(seen: Browser): Promise<void> {
  await (await seen.newBrowserCDPSession()).send('Browser.close');
}

test(
  'it opens a window of its own, a second start raises that one, and size and place stay the browser’s',
  ELECTRON,
  async (t) => {
    const { folder, profile, session, start, look } = await desktop(t, STORY.available);
    const first = start();
    const seen = await look();
    const page = seen.contexts()[0]?.pages()[0];
    assert.ok(page);
    await page.locator('ripple-app[data-screen=available]').waitFor();
    const args = readFileSync(join(folder, 'args'), 'utf8').split('\n');
    assert.ok(args.some((arg) => /^--app=http:\/\/127\.0\.0\.1:\d+\/#/.test(arg)));
    assert.ok(args.includes(`--user-data-dir=${profile}`));
    assert.ok(args.includes('--window-size=1200,900'));

    rmSync(join(folder, 'args'));
    assert.equal(await ended(start('ripple://open')), 0, 'it leaves the window to the first');
    assert.equal(existsSync(join(folder, 'args')), false, 'no second browser was started');
    assert.equal(seen.contexts()[0]?.pages().length, 1);
    const other = await connectBus(session.address);
    assert.deepEqual(await other.callBus('NameHasOwner', 's', [APPLICATION]), [true]);
    other.close();

    await closeWindow(seen);
    assert.equal(await ended(first), 0);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('ripple-window-')),
      [],
    );
    start();
    const again = await look();
    assert.ok(!readFileSync(join(folder, 'args'), 'utf8').includes('--window-size'));
    await closeWindow(again);
  },
);

test(
  'in the background a notification tells of the new one, once; only its action opens the window',
  ELECTRON,
  async (t) => {
    const { folder, session, service, start, look } = await desktop(t, STORY.idle);
    const desk = await NotificationServer.start(session.address);
    t.after(() => desk.stop());
    start('--background');
    const other = await connectBus(session.address);
    let owned = false;
    other.watchName(
      APPLICATION,
      () => {
        owned = true;
      },
      () => {},
    );
    await until(() => owned, 'it is there');
    other.close();
    service.updater.set(STORY.available);
    await until(() => desk.told.length === 1, 'it is told');
    const [told] = desk.told;
    assert.equal(told?.title, '¡Hay un Sugar nuevo!');
    assert.deepEqual(told?.actions, ['default', 'Muéstrame', 'show', 'Muéstrame']);
    service.updater.set({ ...STORY.available, peers: [] });
    service.updater.set(STORY.ready);
    await until(() => desk.told.length === 2, 'the next step is told');
    assert.equal(desk.told[1]?.replaces, told?.id, 'in place of the first');
    assert.equal(existsSync(join(folder, 'args')), false, 'nothing popped up');
    desk.tap(9999, 'show');
    desk.tap(told?.id ?? 0, 'show');
    const seen = await look();
    await seen.contexts()[0]?.pages()[0]?.locator('ripple-app[data-screen=ready]').waitFor();
    await until(() => desk.closed.includes(told?.id ?? 0), 'what is on the screen is told no more');
    await closeWindow(seen);
  },
);

test('told is what is new and not put off', () => {
  const { daemonVersion: _, ...properties } = FIRST_SNAPSHOT;
  const of = (change: Change) =>
    noticeOf({ ...CONNECTING, daemon: 'present', properties: { ...properties, ...change } }, 1000);
  assert.deepEqual(of(STORY.available), { kind: 'available', version: 7 });
  assert.deepEqual(of(STORY.ready), { kind: 'ready', version: 7 });
  for (const quiet of [STORY.idle, STORY.fetching, STORY.later, STORY['no-room'], STORY['ready-to-go-back']])
    assert.equal(of(quiet).kind, 'none');
  assert.equal(of({ ...STORY.available, deferredUntil: 1001 }).kind, 'none');
  assert.equal(of({ ...STORY.available, deferredUntil: 999 }).kind, 'available');
  assert.equal(noticeOf(CONNECTING, 0).kind, 'none');
});

test('a profile that another browser has is left alone; what a dead one left is not in the way', async (t) => {
  const env = { XDG_STATE_HOME: tempFolder(t) };
  const first = await openProfile(env);
  assert.equal(first.folder, join(env.XDG_STATE_HOME, 'ripple-activity', 'window'));
  symlinkSync(`here-${process.pid}`, join(first.folder, 'SingletonLock'));
  const second = await openProfile(env);
  assert.notEqual(second.folder, first.folder);
  await second.leave();
  assert.equal(existsSync(second.folder), false);
  rmSync(join(first.folder, 'SingletonLock'));
  symlinkSync('here-4194305', join(first.folder, 'SingletonLock'));
  assert.equal((await openProfile(env)).folder, first.folder);
});

test('languages are read as gettext reads them', () => {
  assert.deepEqual(personLanguages({ LANGUAGE: 'fa_AF:en', LANG: 'C.UTF-8' }), ['fa-AF', 'en']);
  assert.deepEqual(personLanguages({ LANG: 'km_KH.UTF-8' }), ['km-KH']);
  assert.deepEqual(personLanguages({}), []);
});
