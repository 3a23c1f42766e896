/**
 * `npm start`'s little class, clicked through as a person would: get the new version from a neighbour, restart into it, go
 * back, and Ctrl-C leaves nothing. Run as an ordinary user, for the demo must not need root.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { rippleOk } from '../helpers/ripple.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

interface Demo {
  readonly process: ChildProcess;
  readonly url: string;
  readonly bus: string;
  readonly folder: string;
}

/** Starts the demo and waits for the address of the activity. */
function startDemo(home: string): Promise<Demo> {
  const child = spawn(process.execPath, [join(PROJECT_ROOT, 'bin/ripple'), 'demo', '--print'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HOME: home, TMPDIR: home, XDG_STATE_HOME: home },
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  return new Promise((resolve, reject) => {
    let bus = '';
    child.once('exit', (status) => reject(new Error(`the demo ended with status ${status}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      bus = /RIPPLE_BUS=(\S+)/.exec(line)?.[1] ?? bus;
      if (/^http:\/\/127\.0\.0\.1:\d+\//.test(line)) {
        child.removeAllListeners('exit');
        resolve({
          process: child,
          url: line.trim(),
          bus,
          folder: bus.replace(/^unix:path=/, '').replace(/\/bus\/bus$/, ''),
        });
      }
    });
  });
}

async function press(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true });
  await button.waitFor({ timeout: 60_000 });
  // A screen that has just changed takes no tap for half a second: nobody can have meant it.
  await page.waitForTimeout(700);
  await button.click();
}

async function status(demo: Demo): Promise<{
  bootedVersion: number;
  progress: { fromPeers: Record<string, number> };
  peers: { id: string; name: string }[];
}> {
  // Root of the test may call; the demo's own user may too.
  return JSON.parse(await rippleOk(['status', '--json', '--bus', demo.bus]));
}

/** Processes whose command line names the demo's folder. */
function leftOver(folder: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      return command.includes(folder) ? [command] : [];
    } catch {
      return [];
    }
  });
}

test('the little class: get it from Ana, restart, be on 7, go back to 6; Ctrl-C leaves nothing', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'ripple-home-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  if (isRoot) chownSync(home, NOBODY, NOBODY);
  const demo = await startDemo(home);
  let browser: Browser | undefined;
  t.after(async () => {
    await browser?.close();
    await stopDemo(demo);
  });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  await page.goto(demo.url);

  await page.getByRole('heading', { name: /There is a\s+new Sugar!/ }).waitFor({ timeout: 60_000 });
  assert.equal((await status(demo)).bootedVersion, 6);
  await press(page, 'Later');
  await press(page, 'When I turn it off');
  await page.getByRole('heading', { name: 'A new Sugar is waiting.' }).waitFor({ timeout: 60_000 });
  await page.reload();
  await page.getByRole('heading', { name: 'A new Sugar is waiting.' }).waitFor({ timeout: 60_000 });
  await press(page, 'Get it');
  await page.getByRole('heading', { name: /Getting it\s+from\s+\u2068?Ana/ }).waitFor({ timeout: 60_000 });
  await page.getByRole('progressbar').waitFor();
  await page.getByRole('button', { name: 'Restart now' }).waitFor({ timeout: 90_000 });

  const { progress, peers } = await status(demo);
  const givers = Object.entries(progress.fromPeers).filter(([, bytes]) => bytes > 0);
  assert.deepEqual(
    givers.map(([id]) => peers.find((peer) => peer.id === id)?.name),
    ['Ana'],
    'everything came from the neighbour with 7',
  );
  assert.ok(
    givers.every(([, bytes]) => bytes > 1_000_000),
    'and it was a real update',
  );

  await press(page, 'Restart now');
  await page.getByRole('button', { name: 'I like it' }).waitFor({ timeout: 60_000 });
  await page
    .getByText(/^\u2068?Ana\u2069? helped you\.$/)
    .first()
    .waitFor();
  assert.equal((await status(demo)).bootedVersion, 7);
  assert.match(
    readFileSync(join(demo.folder, 'this-laptop/sysroot/rootfs/current/etc/os-release'), 'utf8'),
    /VERSION_ID=7/,
  );

  await press(page, 'Go back to how it was');
  await press(page, 'Go back');
  await page.waitForFunction(() => document.body !== null);
  await until(async () => (await status(demo).catch(() => undefined))?.bootedVersion === 6);
  assert.match(
    readFileSync(join(demo.folder, 'this-laptop/sysroot/rootfs/current/etc/os-release'), 'utf8'),
    /VERSION_ID=6/,
  );

  const ended = new Promise<number | null>((resolve) => demo.process.once('exit', resolve));
  demo.process.kill('SIGINT');
  assert.equal(await ended, 0);
  assert.deepEqual(leftOver(demo.folder), [], 'no process is left');
  assert.equal(existsSync(demo.folder), false, 'no file is left');
});

test('the class answers on loopback only', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'ripple-home-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  if (isRoot) chownSync(home, NOBODY, NOBODY);
  const demo = await startDemo(home);
  t.after(() => stopDemo(demo));
  const pids = new Set(
    execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(demo.folder))
      .map((line) => line.trim().split(' ')[0]),
  );
  const listening = execFileSync('ss', ['-Hltnp'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => [...pids].some((pid) => line.includes(`pid=${pid},`)));
  assert.ok(listening.length >= 5, `a server, four laptops and the activity listen:\n${listening.join('\n')}`);
  for (const line of listening) assert.match(line, /\s127\.0\.0\.1:\d+\s/);
  const ended = new Promise((resolve) => demo.process.once('exit', resolve));
  demo.process.kill('SIGINT');
  await ended;
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 120; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('it never happened');
}

async function stopDemo(demo: Demo): Promise<void> {
  if (demo.process.exitCode !== null || demo.process.signalCode !== null) return;
  const ended = new Promise((resolve) => demo.process.once('exit', resolve));
  demo.process.kill('SIGTERM');
  await ended;
}
