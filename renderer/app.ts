import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import {
  type ActivityCall,
  type ActivitySnapshot,
  type ActivityTransport,
  type CallResult,
  CONNECTING,
} from '../service/api/activity.ts';
import { appStyles } from './app-styles.ts';
import { figureStyles } from './components/figure-styles.ts';
import './teacher/class-page.ts';
import { ReadAloud } from './components/read-aloud.ts';
import { viewOf } from './screens/index.ts';
import { pageOf } from './screens/layout.ts';
import type { Action, View } from './screens/view.ts';
import { coloursOf } from './state/colours.ts';
import { Speaker } from './state/progress.ts';
import { type Screen, screenOf, type WindowState } from './state/screen.ts';
import { TapGuard } from './state/tap-guard.ts';
import { connectTransport } from './transport/connect.ts';
import { wordsFor } from './words/languages.ts';

/** In the person's language from the first picture on. */
const WORDS = await wordsFor(navigator.languages);

/** The whole window: hears snapshots, shows the one screen they mean, and asks for what is tapped. */
export class RippleApp extends LitElement {
  static override properties = {
    snapshot: { state: true },
    windowState: { state: true },
    told: { state: true },
    said: { state: true },
    pressed: { state: true },
    canRead: { state: true },
    ownScreen: { state: true },
    screen: { reflect: true, attribute: 'data-screen', type: String },
  };
  declare snapshot: ActivitySnapshot;
  declare windowState: Pick<WindowState, 'question' | 'refused'>;
  /** Who the friend is that was tapped. */
  declare told: string;
  /** What the live region says. */
  declare said: string;
  /** Label of the button whose answer has not come yet. */
  declare pressed: string;
  declare canRead: boolean;
  /** A teacher looks at this laptop, not at the class. */
  declare ownScreen: boolean;
  declare screen: string;

  readonly #words = WORDS;
  readonly #guard = new TapGuard();
  readonly #speaker = new Speaker();
  readonly #readAloud = new ReadAloud(this.#words.language, () => {
    this.canRead = this.#readAloud.possible;
  });
  #transport: ActivityTransport | undefined;
  #view: View;
  /** The last thing touched was a key. */
  #keyboard = false;
  #tick: number | undefined;

  constructor() {
    super();
    this.snapshot = CONNECTING;
    this.windowState = { question: 'none', refused: '' };
    this.told = '';
    this.said = '';
    this.pressed = '';
    this.canRead = this.#readAloud.possible;
    this.ownScreen = false;
    this.screen = 'starting';
    this.#view = this.#look(screenOf(this.snapshot, { ...this.windowState, nowSeconds: 0 }));
  }

  static override styles = [figureStyles, appStyles];

  override connectedCallback(): void {
    super.connectedCallback();
    document.documentElement.lang = this.#words.language;
    document.documentElement.dir = this.#words.direction;
    document.title = this.#words.appName;
    this.style.setProperty('--line-height', String(this.#words.lineHeight));
    window.addEventListener('keydown', this.#onKey);
    window.addEventListener('pointerdown', this.#onPointer);
    // "Later" ends, and steps of progress fall due, without anything changing on the bus.
    this.#tick = window.setInterval(() => this.requestUpdate(), 5000);
    this.#transport ??= connectTransport();
    this.#transport.subscribe((snapshot) => this.#hear(snapshot));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('keydown', this.#onKey);
    window.removeEventListener('pointerdown', this.#onPointer);
    window.clearInterval(this.#tick);
  }

  #hear(snapshot: ActivitySnapshot): void {
    const before = this.snapshot.properties;
    const after = snapshot.properties;
    this.snapshot = snapshot;
    // What was refused or asked belongs to the state it was asked in.
    if (before?.state !== after?.state || before?.bootedVersion !== after?.bootedVersion)
      this.windowState = { question: 'none', refused: '' };
  }

  #look(screen: Screen): View {
    return viewOf(screen, {
      words: this.#words,
      colours: coloursOf(this.snapshot.owner.colours),
      runs: this.snapshot.properties?.bootedVersion ?? 0,
    });
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const now = performance.now();
    const screen = screenOf(this.snapshot, { ...this.windowState, nowSeconds: Date.now() / 1000 });
    this.#view = this.#look(screen);
    const key = screen.kind === 'trouble' ? `trouble-${screen.trouble}` : screen.kind;
    const { title, line = '' } = this.#view.sentence;
    if (key !== this.screen) {
      this.#guard.screenChanged(now);
      this.#speaker.screen(now);
      this.screen = key;
      this.told = '';
      this.pressed = '';
      this.said = `${title} ${line}`.trim();
    } else if (this.#view.level !== undefined && !changed.has('said')) {
      const step = this.#speaker.progress(this.#view.level, now);
      if (step) this.said = this.#words.steps[step];
    }
  }

  override updated(changed: PropertyValues<this>): void {
    // Whoever uses the keyboard sees where Enter goes, and Tab goes on from there.
    if (!changed.has('screen') || !this.#keyboard) return;
    if (!this.shadowRoot?.activeElement)
      this.shadowRoot?.querySelector<HTMLElement>('button.main')?.focus({ preventScroll: true });
  }

  override render(): TemplateResult {
    if (this.snapshot.classroom && !this.ownScreen) return this.#class();
    return pageOf(this.#view, {
      words: this.#words,
      told: this.told,
      said: this.said,
      pressed: this.pressed,
      canRead: this.canRead,
      canTeach: this.snapshot.classroom !== null,
      tell: (sentence) => {
        this.told = sentence;
      },
      tap: ({ action, label }) => this.#tap(action, label),
      read: () => this.#read(this.#view),
      toClass: () => {
        this.ownScreen = false;
      },
    });
  }

  #class(): TemplateResult {
    const ask = (call: ActivityCall): Promise<CallResult> =>
      this.#transport?.call(call) ?? Promise.resolve({ ok: false, code: 'IoError' });
    return html`<ripple-class .snapshot=${this.snapshot} .words=${this.#words} .ask=${ask}
      @own=${() => {
        this.ownScreen = true;
      }}></ripple-class>`;
  }

  #read(view: View): void {
    const { title, line = '' } = view.sentence;
    this.#readAloud.say([title, line, ...(view.notes ?? []).map((note) => note.text), view.aside ?? ''].join(' '));
  }

  readonly #onPointer = (): void => {
    this.#keyboard = false;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    this.#keyboard = true;
    if (this.snapshot.classroom && !this.ownScreen) return;
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const onButton = event.composedPath()[0] instanceof HTMLButtonElement;
    if (event.key === 'Enter' && event.repeat) event.preventDefault();
    else if (event.key === 'Enter' && !onButton) {
      const main = this.#view.main ?? this.#view.choices?.[0];
      if (main) this.#tap(main.action, main.label);
    } else if (event.key === 'Escape' && this.#view.escape) this.#tap(this.#view.escape, '');
  };

  #tap(action: Action, label: string): void {
    if (!this.#guard.allow(performance.now())) return;
    switch (action.type) {
      case 'ask':
        this.windowState = { question: action.question, refused: '' };
        return;
      case 'close':
        this.windowState = { question: 'none', refused: '' };
        return;
      case 'call':
        this.pressed = label;
        this.windowState = { ...this.windowState, refused: '' };
        void this.#transport?.call(action.call).then((result) => {
          this.pressed = '';
          this.windowState = { question: 'none', refused: result.ok ? '' : result.code };
        });
    }
  }
}
customElements.define('ripple-app', RippleApp);
