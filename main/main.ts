/** The activity's entry: `node build/main/main.js [--bus ADDRESS] [--print]`. Ends when its window is closed. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asRippleError } from '../service/api/errors.ts';
import { Activity } from './activity.ts';
import { openBridge } from './bridge.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { stateFile } from './state-file.ts';
import { browserArguments, findBrowser, findElectron } from './window.ts';

const USAGE_STATUS = 2;
/** Chromium's sandbox refuses to run as root. */
const IS_ROOT = process.getuid?.() === 0;

/** Runs a program until it ends, or until this one is told to end. Resolves with its exit status. */
function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'ignore' });
    const end = (): void => void child.kill();
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 0));
  });
}

function untilTold(): Promise<number> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve(0));
    process.once('SIGINT', () => resolve(0));
  });
}

async function showInBrowser(browser: string, url: string): Promise<number> {
  const profile = await mkdtemp(join(tmpdir(), 'ripple-window-'));
  try {
    return await run(browser, browserArguments(url, profile, IS_ROOT));
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function main(options: Options): Promise<number> {
  const electron = options.print ? undefined : findElectron();
  if (electron) {
    const shell = join(dirname(fileURLToPath(import.meta.url)), 'electron.js');
    return run(electron, [...(IS_ROOT ? ['--no-sandbox'] : []), shell, ...(options.bus ? ['--bus', options.bus] : [])]);
  }
  const activity = new Activity({ bus: options.bus, stateFile: stateFile() });
  const bridge = await openBridge(activity);
  const started = activity.start();
  try {
    const browser = options.print ? undefined : findBrowser();
    if (browser) return await showInBrowser(browser, bridge.url);
    console.log(options.print ? bridge.url : `No Chromium or Electron is here. Open this in a browser:\n${bridge.url}`);
    return await untilTold();
  } finally {
    await started;
    await activity.close();
    await bridge.close();
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
