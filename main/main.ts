/** The activity's entry: `node build/main/main.js [--bus ADDRESS] [--print] [--background]`. Ends when its window is closed. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asRippleError } from '../service/api/errors.ts';
import { Activity } from './activity.ts';
import { openBridge } from './bridge.ts';
import { ChromiumWindow } from './chromium.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { openProfile } from './profile.ts';
import { openShell } from './shell.ts';
import { stateFile } from './state-file.ts';
import { browserArguments, findBrowser, findElectron } from './window.ts';

const USAGE_STATUS = 2;
/** Chromium's sandbox refuses to run as root. */
const IS_ROOT = process.getuid?.() === 0;

const told = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => told.abort());

function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    if (told.signal.aborted) resolve();
    else told.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Runs Electron until it ends, or until this process is told to end. Resolves with its exit status. */
function runElectron(electron: string, { bus }: Options): Promise<number> {
  const shell = join(dirname(fileURLToPath(import.meta.url)), 'electron.js');
  const args = bus ? ['--bus', bus] : [];
  return new Promise((resolve, reject) => {
    const child = spawn(electron, [...(IS_ROOT ? ['--no-sandbox'] : []), shell, ...args], { stdio: 'ignore' });
    told.signal.addEventListener('abort', () => child.kill());
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 0));
  });
}

/** The page in one Chromium window after the other: the next one when somebody asks for it, where we stay in the background. */
async function showInBrowser(browser: string, activity: Activity, background: boolean): Promise<number> {
  let window: ChromiumWindow | undefined;
  let wanted = !background;
  let wake = (): void => {};
  const show = (): void => {
    wanted = true;
    if (window) window.raise();
    else wake();
  };
  const asked = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const shell = await openShell(activity, { show, looking: () => window !== undefined }, background);
  if (!shell) return 0;
  let status = 0;
  try {
    do {
      if (!wanted) await Promise.race([untilTold(), asked()]);
      if (told.signal.aborted) break;
      wanted = false;
      const profile = await openProfile();
      const bridge = await openBridge(activity);
      try {
        window = new ChromiumWindow(browser, browserArguments(bridge.url, profile, IS_ROOT));
        told.signal.addEventListener('abort', () => window?.close());
        shell.seen();
        status = await window.ended;
      } finally {
        window = undefined;
        await bridge.close();
        await profile.leave();
      }
    } while (background && !told.signal.aborted);
    return status;
  } finally {
    shell.close();
  }
}

async function main(options: Options): Promise<number> {
  // Waiting without a window is done here: Electron would be a whole browser that waits.
  const electron = options.print || options.background ? undefined : findElectron();
  if (electron) return runElectron(electron, options);
  const activity = new Activity({ bus: options.bus, stateFile: stateFile() });
  const started = activity.start();
  try {
    const browser = options.print ? undefined : findBrowser();
    if (browser) return await showInBrowser(browser, activity, options.background);
    const { url, close } = await openBridge(activity);
    console.log(options.print ? url : `No Chromium or Electron is here. Open this in a browser:\n${url}`);
    await untilTold();
    await close();
    return 0;
  } finally {
    await started;
    await activity.close();
  }
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else process.exitCode = await main(options);
} catch (thrown) {
  const error = asRippleError(thrown);
  console.error(`ripple-activity: ${error.message}`);
  process.exitCode = error.code === 'InvalidArgument' ? USAGE_STATUS : 1;
}
