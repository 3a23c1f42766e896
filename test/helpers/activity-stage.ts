/**
 * The activity as a child has it, with the daemon's engine replaced by a script: a real bus, the real D-Bus service on
 * it, the real main process and bridge, a real Chromium.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type BusConnection, connectBus } from '../../dbus/connection.ts';
import { Activity } from '../../main/activity.ts';
import { type Bridge, openBridge } from '../../main/bridge.ts';
import { findBrowser } from '../../main/window.ts';
import type { Owner } from '../../service/api/activity.ts';
import { BusAuthority } from '../../service/bus/authority.ts';
import { exportUpdater } from '../../service/bus/service.ts';
import type { Change } from '../../service/demo/scripted/child-story.ts';
import type { ScriptedClassroom } from '../../service/demo/scripted/scripted-classroom.ts';
import { ScriptedUpdater } from '../../service/demo/scripted/scripted-updater.ts';
import { type PrivateBus, startPrivateBus } from './private-bus.ts';

export const MAYA: Owner = { name: 'Maya', colours: '#ff2b34,#005fe4' };

/** As root Chromium runs only without its sandbox. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error('no Chromium found: install the Debian package chromium');
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

export class Stage {
  readonly bus: PrivateBus;
  readonly activity: Activity;
  readonly bridge: Bridge;
  readonly folder: string;
  updater = new ScriptedUpdater();
  #connection: BusConnection | undefined;
  readonly #bridges: Bridge[] = [];

  private constructor(bus: PrivateBus, activity: Activity, bridge: Bridge, folder: string) {
    this.bus = bus;
    this.activity = activity;
    this.bridge = bridge;
    this.folder = folder;
  }

  /** With a daemon in the state `change`, or with none where that is left out. */
  static async open(change?: Change, classroom?: ScriptedClassroom): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'ripple-stage-'));
    const bus = await startPrivateBus();
    const activity = new Activity({ bus: bus.address, stateFile: join(folder, 'state.json'), owner: MAYA });
    const stage = new Stage(bus, activity, await openBridge(activity), folder);
    if (change) await stage.daemonComes(change, classroom);
    await activity.start();
    return stage;
  }

  async daemonComes(change: Change, classroom?: ScriptedClassroom): Promise<void> {
    const connection = await connectBus(this.bus.address);
    const logger = { info() {}, warn() {} };
    this.#connection = connection;
    this.updater = new ScriptedUpdater();
    this.updater.set(change);
    const authority = new BusAuthority(connection, { group: '', allowSameUser: true }, logger);
    await exportUpdater(connection, this.updater, authority, logger, classroom);
  }

  /** For one more window: an address is good for one. */
  async newAddress(): Promise<string> {
    const bridge = await openBridge(this.activity);
    this.#bridges.push(bridge);
    return bridge.url;
  }

  daemonGoes(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async close(): Promise<void> {
    await this.activity.close();
    for (const bridge of [this.bridge, ...this.#bridges]) await bridge.close();
    this.daemonGoes();
    await this.bus.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The double-tap guard is half a second; a little more, because the page counts from when it drew. */
const GUARD_MS = 700;

/** The page in one browser window, and what went wrong in it. */
export class Window {
  readonly page: Page;
  /** Errors of the page and of its Content Security Policy. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Window> {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    const window = new Window(await context.newPage());
    await window.page.goto(url);
    return window;
  }

  /** Waits until this screen is shown (`data-screen`). */
  async shows(screen: string): Promise<void> {
    await this.page.locator(`ripple-app[data-screen="${screen}"]`).waitFor();
  }

  async heading(): Promise<string> {
    return ((await this.page.locator('h1').textContent()) ?? '').replace(/[\u2068\u2069]/g, '');
  }

  /** A tap by a child who has looked first. */
  async tap(name: string): Promise<void> {
    const button = this.page.getByRole('button', { name, exact: true });
    await button.waitFor();
    await this.settle();
    await button.click();
  }

  async press(key: string): Promise<void> {
    await this.settle();
    await this.page.keyboard.press(key);
  }

  /** Until taps count again. */
  settle(): Promise<void> {
    return this.page.waitForTimeout(GUARD_MS);
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

/** Polls until `check` holds; for what the other side of the bus has heard. */
export async function until(check: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`did not happen: ${what}`);
}
