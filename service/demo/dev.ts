/** `npm run dev`: the page, rebuilt and loaded anew while one works on it, against a scripted daemon on a private bus. */
import { mkdtempSync, readFileSync, rmSync, unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Activity } from '../../main/activity.ts';
import { openBridge } from '../../main/bridge.ts';
import { PAGE_TYPES, type PageFile } from '../../main/page.ts';
import { RippleError, reasonOf } from '../api/errors.ts';
import { startDemoBus } from './private-bus.ts';
import { Player } from './scripted/player.ts';
import { parseScenario, type Scenario } from './scripted/scenario.ts';

const PROJECT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const LOOK_MS = 500;
/** Answers once the page was built anew; a browser would give up on an answer that never comes. */
const NEXT_BUILD = '/next-build';
const NEXT_BUILD_MS = 20_000;

export interface DevOptions {
  /** Folder of the page that the bundler writes. */
  readonly page: string;
  readonly scenario: string;
  readonly say: (line: string) => void;
}

export interface Dev {
  /** Good for one browser; other tabs of the same browser need no token. */
  readonly url: string;
  /** The scripted daemon's bus, for `ripple status` and the like. */
  readonly bus: string;
  /** Told by whoever rebuilds the page. */
  rebuilt(): void;
  stop(): Promise<void>;
}

/** @throws RippleError one line that says what is wrong with the file */
export function readScenario(file: string): Scenario {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RippleError('InvalidArgument', `the scenario ${file} cannot be read: ${reasonOf(error)}`);
  }
  return parseScenario(text, file);
}

/** Starts it all; loopback and a bus of its own only. @throws RippleError for a wrong scenario, or without dbus-daemon */
export async function startDev({ page, scenario, say }: DevOptions): Promise<Dev> {
  const first = readScenario(scenario);
  const folder = mkdtempSync(join(tmpdir(), 'ripple-dev-'));
  const bus = await startDemoBus(join(folder, 'bus'), join(PROJECT, 'assets/dbus/org.laptop.Ripple1.conf'));
  let waiting: (() => void)[] = [];
  const rebuilt = (): void => {
    for (const answer of waiting) answer();
    waiting = [];
  };
  const pageFile = async (address: string): Promise<PageFile | undefined> => {
    const { pathname } = new URL(address, 'http://localhost');
    if (pathname === NEXT_BUILD) {
      const built = new Promise<string>((resolve) => waiting.push(() => resolve('built')));
      const timer = new Promise<string>((resolve) => setTimeout(() => resolve(''), NEXT_BUILD_MS).unref());
      return { type: 'text/plain', body: Buffer.from(await Promise.race([built, timer])) };
    }
    const name = { '/': 'index.html', '/gallery': 'gallery.html' }[pathname] ?? pathname.slice(1);
    const type = PAGE_TYPES[extname(name)];
    if (type === undefined || name.includes('/')) return undefined;
    const body = await readFile(join(page, name)).catch(() => undefined);
    return body && { type, body };
  };

  const activity = new Activity({
    bus: bus.address,
    stateFile: join(folder, 'state.json'),
    owner: { name: 'Maya', colours: '#ff2b34,#005fe4' },
  });
  const bridge = await openBridge(activity, pageFile);
  let player: Player | undefined;
  let playing = new AbortController();
  const begin = (script: Scenario): void => {
    playing.abort();
    player?.close();
    playing = new AbortController();
    player = new Player(bus.address, script);
    player.play(playing.signal).catch((error: unknown) => say(`the scenario stopped: ${reasonOf(error)}`));
  };
  // Played once more, the laptop is on the old version again: that is no news.
  activity.subscribe(({ arrival }) => {
    if (arrival === 'back' && player?.step?.show !== 'arrived-back') void activity.call({ name: 'acknowledge' });
  });
  watchFile(scenario, { interval: LOOK_MS }, () => {
    try {
      begin(readScenario(scenario));
      say(`${scenario} changed: playing it from the beginning`);
    } catch (error) {
      say(reasonOf(error));
    }
  });
  begin(first);
  await activity.start();
  return {
    url: bridge.url,
    bus: bus.address,
    rebuilt,
    async stop() {
      unwatchFile(scenario);
      playing.abort();
      player?.close();
      rebuilt();
      await activity.close();
      await bridge.close();
      bus.process.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
