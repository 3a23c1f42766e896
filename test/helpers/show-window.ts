/**
 * The built page in one window that stays: behind the real bridge, at whose seam a snapshot is put in place of what the main
 * process would say. Screens, sizes and settings change without a new page, so that hundreds of them can be looked at.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { openBridge } from '../../main/bridge.ts';
import type { Question } from '../../renderer/state/screen.ts';
import { type ActivityCall, type ActivitySnapshot, CONNECTING } from '../../service/api/activity.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the teacher's pages stand, as `ripple-class` has it. */
export type ClassPage = { readonly kind: 'map' | 'order' } | { readonly kind: 'laptop'; readonly id: string };

export interface ShowOptions {
  /** BCP 47. */
  readonly language?: string;
  readonly dark?: boolean;
  /** Keeps the page's Content Security Policy; axe can't be put in then. */
  readonly strict?: boolean;
  /** The page's clock stands still until it is told. */
  readonly ownClock?: boolean;
  /** What the page takes for the present, in UTC; timers go on. */
  readonly present?: Date;
}

export class ShowWindow {
  static readonly #open = new Set<ShowWindow>();
  readonly page: Page;
  readonly calls: ActivityCall[] = [];
  /** What the page complained of: errors, and broken rules of its policy. */
  readonly complaints: string[] = [];
  readonly #cdp: CDPSession;
  #end: () => Promise<void> = async () => {};
  /** Tells the page, and does not wait. */
  tell: (snapshot: ActivitySnapshot) => void = () => {};
  #serial = 0;

  private constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.#cdp = cdp;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser, options: ShowOptions = {}): Promise<ShowWindow> {
    const context = await browser.newContext({
      locale: options.language ?? 'en',
      bypassCSP: options.strict !== true,
      reducedMotion: 'reduce',
      timezoneId: 'UTC',
      colorScheme: options.dark ? 'dark' : 'light',
    });
    const page = await context.newPage();
    const window = new ShowWindow(page, await context.newCDPSession(page));
    ShowWindow.#open.add(window);
    if (options.ownClock) await page.clock.install();
    if (options.present) await page.clock.setFixedTime(options.present);
    const listeners = new Set<(snapshot: ActivitySnapshot) => void>();
    let latest: ActivitySnapshot = CONNECTING;
    window.tell = (snapshot) => {
      latest = snapshot;
      for (const listener of listeners) listener(snapshot);
    };
    const bridge = await openBridge({
      subscribe(listener) {
        listeners.add(listener);
        listener(latest);
        return () => listeners.delete(listener);
      },
      async call(call) {
        window.calls.push(call);
        return { ok: true };
      },
    });
    window.#end = async () => {
      await context.close();
      await bridge.close();
    };
    await page.goto(bridge.url);
    await page.locator('ripple-app').waitFor();
    if (options.strict !== true) await page.evaluate(AXE);
    return window;
  }

  /** CSS pixels; `scale` is how many of the screen's pixels one of them is: 2 is a page at 200 %. */
  async size({ width, height }: Size, scale = 1): Promise<void> {
    await this.#cdp.send('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: scale,
      mobile: false,
    });
  }

  /** Resolves when the page's element has this and drew it; works with a clock that stands still. */
  async hear(snapshot: ActivitySnapshot): Promise<void> {
    this.#serial += 1;
    const name = `heard ${this.#serial}`;
    this.tell({ ...snapshot, owner: { ...snapshot.owner, name } });
    const app = this.page.locator('ripple-app');
    for (let i = 0; i < 1000; i++) {
      const there = await app.evaluate(async (one: HTMLElement, wanted) => {
        if (!('snapshot' in one) || !JSON.stringify(one.snapshot).includes(wanted)) return false;
        if ('updateComplete' in one) await one.updateComplete;
        return true;
      }, `"${name}"`);
      if (there) return;
    }
    throw new Error('the page never heard what it was told');
  }

  /** Resolves when the page has drawn this. */
  async show(snapshot: ActivitySnapshot, question: Question = 'none', classPage?: ClassPage): Promise<void> {
    // The name of the owner is drawn nowhere: it tells when the snapshot has arrived.
    this.#serial += 1;
    const name = `shown ${this.#serial}`;
    this.tell({ ...snapshot, owner: { ...snapshot.owner, name } });
    const arrived = await this.page.evaluate(
      async ([wanted, asked, page]) => {
        type Part = HTMLElement & { updateComplete: Promise<unknown> };
        type App = Part & {
          snapshot: { owner: { name: string } };
          windowState: object;
          told: string;
          canRead: boolean;
        };
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        const app = document.querySelector<App>('ripple-app');
        for (let i = 0; i < 600 && app?.snapshot.owner.name !== wanted; i++)
          await new Promise((resolve) => setTimeout(resolve, 5));
        if (app?.snapshot.owner.name !== wanted) return false;
        app.windowState = { question: asked, refused: '' };
        app.told = '';
        // Chromium without a desktop has no voice; a child's laptop may have one.
        app.canRead = true;
        await app.updateComplete;
        const inner = app.shadowRoot?.querySelector<Part & { page: unknown }>('ripple-class, ripple-ring');
        if (inner && page) inner.page = page;
        await inner?.updateComplete;
        await inner?.shadowRoot?.querySelector<Part>('ripple-order-form')?.updateComplete;
        scrollTo(0, 0);
        await document.fonts.ready;
        await frame();
        return true;
      },
      [name, question, classPage] as const,
    );
    if (!arrived) throw new Error('the page never showed what it was told');
  }

  /** How many animations run; those inside of elements are not the document's own. */
  moving(): Promise<number> {
    return this.page.evaluate(() => {
      const within = (root: Document | ShadowRoot): number =>
        [...root.querySelectorAll('*')].reduce(
          (sum, one) => sum + (one.shadowRoot ? within(one.shadowRoot) : 0),
          root.getAnimations().length,
        );
      return within(document);
    });
  }

  /** Exactly what is drawn. */
  async png(): Promise<Buffer> {
    const { data } = await this.#cdp.send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }

  /** JPEG, as small as is good enough to look at. */
  async picture(): Promise<Buffer> {
    const { data } = await this.#cdp.send('Page.captureScreenshot', {
      format: 'jpeg',
      quality: 75,
      optimizeForSpeed: true,
    });
    return Buffer.from(data, 'base64');
  }

  /** Every fault that axe knows, by its rule; with or without that of contrast, which no size changes. */
  async axe(contrast = true): Promise<readonly string[]> {
    // The string form: the page's own type checks do not know the global that axe made.
    return this.page.evaluate(
      `axe.run({ resultTypes: ["violations"], preload: false, iframes: false, rules: { "color-contrast": { enabled: ${contrast} } } }).then((r) => r.violations.map((v) => "axe " + v.id + ": " + v.nodes.map((n) => n.html).join(" ")))`,
    );
  }

  /** With which fonts Chromium draws a text on this page, and how many letters with each. */
  async fontsOf(text: string) {
    await this.page.evaluate(async (shown) => {
      const old = document.getElementById('font-sample');
      const sample = old ?? document.body.appendChild(document.createElement('p'));
      sample.id = 'font-sample';
      sample.textContent = shown;
      await document.fonts.load('20px "Ripple Sans"', shown);
      await document.fonts.ready;
    }, text);
    await this.#cdp.send('DOM.enable');
    await this.#cdp.send('CSS.enable');
    const { root } = await this.#cdp.send('DOM.getDocument');
    const { nodeId } = await this.#cdp.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#font-sample' });
    return (await this.#cdp.send('CSS.getPlatformFontsForNode', { nodeId })).fonts;
  }

  /** What a screen reader goes through, one line for each thing: its role, its name, its value. */
  async spoken(): Promise<readonly string[]> {
    const { nodes } = await this.#cdp.send('Accessibility.getFullAXTree');
    const children = new Map(nodes.map((node) => [node.nodeId, node]));
    const lines: string[] = [];
    const walk = (id: string | undefined): void => {
      const node = id === undefined ? undefined : children.get(id);
      if (!node) return;
      const role = String(node.role?.value ?? '');
      const name = String(node.name?.value ?? '').replace(/[\u2068\u2069]/g, '');
      const silent = ['none', 'generic', 'InlineTextBox', 'RootWebArea', 'StaticText', 'paragraph', 'main', 'list'];
      if (!node.ignored && !silent.includes(role)) lines.push(`${role}: ${name}`);
      else if (!node.ignored && role === 'StaticText' && name.trim() !== '') {
        const parent = children.get(node.parentId ?? '');
        // The text of what has a name already was said with it.
        if (!['heading', 'button', 'radio', 'ListMarker'].includes(String(parent?.role?.value)))
          lines.push(`text: ${name}`);
      }
      if (role !== 'button' && role !== 'heading') for (const child of node.childIds ?? []) walk(child);
    };
    walk(nodes[0]?.nodeId);
    return lines;
  }

  async close(): Promise<void> {
    ShowWindow.#open.delete(this);
    await this.#end();
  }

  /** Those that a failed test left open, too. */
  static async closeAll(): Promise<void> {
    for (const window of ShowWindow.#open) await window.close();
  }
}
