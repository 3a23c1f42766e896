/** How quick the screens are: the first picture after the start, and frames while sixty neighbours or five hundred laptops move. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { findBrowser } from '../../main/window.ts';
import { classSnapshot } from '../../renderer-dev/gallery-story.ts';
import { type ActivitySnapshot, CONNECTING } from '../../service/api/activity.ts';
import { fetching, friend, STORY } from '../../service/demo/scripted/child-story.ts';
import { FIRST_SNAPSHOT } from '../../service/demo/scripted/scripted-updater.ts';
import { launchBrowser, until } from '../helpers/activity-stage.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { ShowWindow } from '../helpers/show-window.ts';
import { removeFolder } from '../helpers/temp.ts';
import { startUpdaterOnBus } from '../helpers/updater-on-bus.ts';
import { type Spread, spread } from './statistics.ts';
import { type Frames, framesOf } from './trace-frames.ts';

const RUNS = 5;
const SECONDS = 10;
const CHANGES_EACH_SECOND = 4;

/** From the start of the activity's process to the paint of the screen's own words, in a Chromium without a display. */
async function firstPicture(bus: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-first-picture-'));
  const browser = findBrowser() ?? '';
  const wrapper = `#!/bin/sh\nexec '${browser}' --headless --remote-debugging-port=0 "$@"\n`;
  writeFileSync(join(folder, 'chromium'), wrapper, { mode: 0o755 });
  const startedMs = Date.now();
  const child: ChildProcess = spawn(process.execPath, [join(PROJECT_ROOT, 'build/main/main.js'), '--bus', bus], {
    env: {
      ...process.env,
      XDG_STATE_HOME: folder,
      TMPDIR: folder,
      PATH: `${folder}:${process.env.PATH}`,
      DBUS_SESSION_BUS_ADDRESS: '',
    },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const port = join(folder, 'ripple-activity', 'window', 'DevToolsActivePort');
    await until(() => existsSync(port) && readFileSync(port, 'utf8') !== '', 'the browser runs');
    const seen: Browser = await chromium.connectOverCDP(
      `http://127.0.0.1:${readFileSync(port, 'utf8').split('\n')[0]}`,
    );
    const page = seen.contexts()[0]?.pages()[0];
    await page?.locator('ripple-app[data-screen=available]').waitFor();
    const paintedMs = await page?.evaluate(
      () =>
        new Promise<number>((resolve) => {
          new PerformanceObserver((list) => {
            resolve(performance.timeOrigin + (list.getEntries().at(-1)?.startTime ?? 0));
          }).observe({ type: 'largest-contentful-paint', buffered: true });
        }),
    );
    await seen.close();
    return (paintedMs ?? Number.NaN) - startedMs;
  } finally {
    child.kill('SIGTERM');
    await ended;
    await removeFolder(folder);
  }
}

/** The same browser alone: started, an empty page, ended. In milliseconds. */
function browserAlone(folder: string): number {
  const args = [
    '--headless',
    '--no-sandbox',
    '--no-first-run',
    `--user-data-dir=${folder}`,
    '--dump-dom',
    'about:blank',
  ];
  const startedMs = Date.now();
  execFileSync(findBrowser() ?? 'chromium', args, { stdio: 'ignore' });
  return Date.now() - startedMs;
}

/** `snapshot` of a moment, 0 to 1, while the browser traces. */
async function moving(browser: Browser, snapshot: (moment: number) => ActivitySnapshot): Promise<Frames> {
  const window = await ShowWindow.open(browser);
  await window.size({ width: 1200, height: 900 });
  await window.page.emulateMedia({ reducedMotion: 'no-preference' });
  await window.show(snapshot(0));
  await browser.startTracing(window.page, {
    categories: [
      'devtools.timeline',
      'disabled-by-default-devtools.timeline',
      'disabled-by-default-devtools.timeline.frame',
      '__metadata',
    ],
  });
  const changes = SECONDS * CHANGES_EACH_SECOND;
  for (let i = 1; i <= changes; i++) {
    window.tell(snapshot(i / changes));
    await new Promise((resolve) => setTimeout(resolve, 1000 / CHANGES_EACH_SECOND));
  }
  const trace = await browser.stopTracing();
  await window.close();
  return framesOf(trace.toString('utf8'), SECONDS);
}

function neighbours(moment: number): ActivitySnapshot {
  const peers = Array.from({ length: 60 }, (_, i) => friend(i));
  const { daemonVersion: _, ...properties } = { ...FIRST_SNAPSHOT, ...fetching(moment, peers) };
  return { ...CONNECTING, daemon: 'present', properties };
}

function school(moment: number): ActivitySnapshot {
  const all = classSnapshot(500, STORY.idle);
  const classroom = (all.classroom ?? []).map((one) =>
    one.state === 'fetching' ? { ...one, progress: Math.round(moment * 100) } : one,
  );
  return { ...all, classroom };
}

function row(what: string, { framesEachSecond, longestTaskMs, longestOwnMs, longTasks }: Frames): string {
  return `| ${what} | ${framesEachSecond.toFixed(1)} | ${longestTaskMs.toFixed(0)} ms (${longestOwnMs.toFixed(0)} ms) | ${longTasks} |`;
}

/** Its section of BENCHMARKS.md. Browsers, and no root. */
export async function screensText(): Promise<string> {
  const service = await startUpdaterOnBus();
  service.updater.set(STORY.available);
  const browser = await launchBrowser();
  try {
    const first: number[] = [];
    const empty: number[] = [];
    const folder = mkdtempSync(join(tmpdir(), 'ripple-empty-page-'));
    for (let i = 0; i <= RUNS; i++) {
      const ms = await firstPicture(service.bus.address);
      const alone = browserAlone(folder);
      if (i > 0) first.push(ms);
      if (i > 0) empty.push(alone);
    }
    await removeFolder(folder);
    const picture: Spread = spread(first);
    const script = statSync(join(PROJECT_ROOT, 'build/renderer-dist/app.js')).size;
    return `## The screens

Measured ${new Date().toISOString().slice(0, 10)} by \`npm run bench:screens\` on ${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, Chromium ${browser.version()} without a
display and without graphics hardware, so every picture is drawn by the processor; caches warm. Load of the machine meanwhile: ${loadavg()[0]?.toFixed(0)}.

First picture with the daemon's own words, after the start of the activity's process: ${picture.median.toFixed(0)} ms (${picture.min.toFixed(0)}–${picture.max.toFixed(0)}; asked for: 1000);\nthe same browser alone, started with an empty page and ended: ${spread(empty).median.toFixed(0)} ms. The page's script: ${(script / 1000).toFixed(0)} kB before compression.

| ${CHANGES_EACH_SECOND} changes a second for ${SECONDS} s, 1200 × 900 | frames a second | longest task (its processor time) | tasks over 50 ms |
| --- | --- | --- | --- |
${row('60 neighbours, fetching: figure fills, dots fly', await moving(browser, neighbours))}
${row('a class of 500, 125 of them on their way', await moving(browser, school))}
`;
  } finally {
    await browser.close();
    await service.stop();
  }
}
