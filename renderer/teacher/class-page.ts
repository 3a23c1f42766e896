import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ActivityCall, ActivitySnapshot, CallResult } from '../../service/api/activity.ts';
import { figureStyles } from '../components/figure-styles.ts';
import type { Words } from '../words/words.ts';
import { type ClassState, classState, type Tile } from './class-state.ts';
import { GlidingBars } from './gliding-bars.ts';
import { laptopSheet } from './laptop-sheet.ts';
import './order-form.ts';
import { teacherStyles } from './teacher-styles.ts';
import { tileView } from './tile.ts';

type Page = { readonly kind: 'map' } | { readonly kind: 'order' } | { readonly kind: 'laptop'; readonly id: string };
const MAP: Page = { kind: 'map' };

/** The whole class on one page, the order form, one laptop. Fires `own` to go to this laptop's own screen. */
export class RippleClass extends LitElement {
  static override properties = {
    snapshot: { attribute: false },
    words: { attribute: false },
    ask: { attribute: false },
    page: { state: true },
    search: { state: true },
    here: { state: true },
    copied: { state: true },
    stopping: { state: true },
    problem: { state: true },
  };
  declare snapshot: ActivitySnapshot;
  declare words: Words;
  declare ask: (call: ActivityCall) => Promise<CallResult>;
  declare page: Page;
  declare search: string;
  /** The tile that Tab stops at. */
  declare here: number;
  declare copied: boolean;
  declare stopping: boolean;
  declare problem: string;
  #state: ClassState | undefined;
  readonly #bars = new GlidingBars();

  constructor() {
    super();
    this.page = MAP;
    this.search = '';
    this.here = 0;
    this.copied = false;
    this.stopping = false;
    this.problem = '';
  }

  static override styles = [figureStyles, teacherStyles];

  override willUpdate(): void {
    this.#state = classState(this.snapshot, this.search);
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has('page') && changed.get('page') !== undefined)
      this.renderRoot.querySelector<HTMLElement>('[data-first]')?.focus();
    const moving = (this.#state?.tiles ?? []).flatMap(({ laptop, level, standing }, at) =>
      standing === 'getting' ? [{ id: laptop.id, level, at }] : [],
    );
    this.#bars.follow(this.renderRoot.querySelector<HTMLElement>('.tiles') ?? undefined, moving);
  }

  override render(): TemplateResult {
    const state = this.#state;
    if (!state) return html``;
    const tile = this.page.kind === 'laptop' ? this.#tileOf(state, this.page.id) : undefined;
    return html`<main class="page" @keydown=${this.#onKey}>${
      this.page.kind === 'order' ? this.#order(state) : tile ? this.#laptop(tile) : this.#map(state)
    }</main>`;
  }

  #tileOf(state: ClassState, id: string): Tile | undefined {
    return state.tiles.find(({ laptop }) => laptop.id === id);
  }

  #back(): TemplateResult {
    return html`<button type="button" data-first @click=${this.#toMap}>${this.words.teacher.back}</button>`;
  }

  #map(state: ClassState): TemplateResult {
    const { teacher } = this.words;
    const ready = teacher.ready.replace('{ready}', String(state.ready)).replace('{count}', String(state.count));
    const here = Math.min(this.here, Math.max(0, state.tiles.length - 1));
    return html`
      <header>
        <h1>${state.count === 0 ? teacher.nobody : ready}</h1>
        <input type="search" data-first placeholder=${teacher.search} aria-label=${teacher.search} .value=${this.search}
          @input=${this.#find} />
        <button type="button" @click=${() => window.print()}>${teacher.print}</button>
        <button type="button" @click=${() => this.dispatchEvent(new CustomEvent('own'))}>${teacher.ownLaptop}</button>
        <button type="button" class="main" ?disabled=${state.versions.length === 0} @click=${this.#toOrder}>${teacher.bring}</button>
      </header>
      ${this.#standing(state)}
      <div class="hidden" role="status" aria-live="polite">${ready}</div>
      ${state.count > 0 && state.tiles.length === 0 ? html`<p>${teacher.none}</p>` : nothing}
      <div class="tiles" role="toolbar" aria-label=${teacher.title} @click=${this.#openTile} @focusin=${this.#arrive}>
        ${repeat(
          state.tiles,
          ({ laptop }) => laptop.id,
          (tile, i) => tileView(tile, this.words, i, i === here),
        )}
        <svg class="moving" aria-hidden="true"><path /></svg>
      </div>`;
  }

  #standing({ order }: ClassState): TemplateResult | typeof nothing {
    const { order: text } = this.words.teacher;
    if (this.problem !== '') return html`<div class="order" role="alert"><p>${text.wrong} ${this.problem}</p></div>`;
    if (!order || order.classes.length === 0) return nothing;
    const time = new Date(order.deadline * 1000).toLocaleString(this.words.language, {
      dateStyle: 'medium',
      timeStyle: 'short',
    });
    const said = text.standing.replace('{version}', String(order.version)).replace('{time}', time);
    const more = order.waits === 'halted' ? text.halted : order.waits === 'canaries' ? text.waits : '';
    return html`<div class="order"><p>${said} ${more}</p>${
      this.stopping
        ? html`<form class="row" @submit=${this.#stop}><input type="password" name="passphrase" autocomplete="off"
            aria-label=${text.passphrase} placeholder=${text.passphrase} /><button class="main">${text.stop}</button></form>`
        : html`<button type="button" @click=${() => {
            this.stopping = true;
          }}>${text.stop}</button>`
    }</div>`;
  }

  #order(state: ClassState): TemplateResult {
    return html`<header><h1>${this.words.teacher.order.title}</h1>${this.#back()}</header>
      <ripple-order-form .versions=${state.versions} .words=${this.words} .ask=${this.ask} @sent=${this.#toMap}></ripple-order-form>`;
  }

  #laptop(tile: Tile): TemplateResult {
    const copy = (text: string): void => {
      void navigator.clipboard?.writeText(text).then(() => {
        this.copied = true;
      });
    };
    return html`<header><h1>${this.words.teacher.title}</h1>${this.#back()}</header>
      ${laptopSheet(tile, this.words, { nowSeconds: Date.now() / 1000, copied: this.copied, copy })}`;
  }

  #find(event: Event): void {
    if (event.target instanceof HTMLInputElement) this.search = event.target.value;
    this.here = 0;
  }

  #toMap(): void {
    this.page = MAP;
  }
  #toOrder(): void {
    this.page = { kind: 'order' };
  }

  #tileAt(event: Event): number | undefined {
    const tile = event.target instanceof Element ? event.target.closest<HTMLElement>('.tile') : null;
    return tile ? Number(tile.dataset.at) : undefined;
  }

  #openTile(event: Event): void {
    const at = this.#tileAt(event);
    const laptop = at === undefined ? undefined : this.#state?.tiles[at]?.laptop;
    if (!laptop) return;
    this.copied = false;
    this.page = { kind: 'laptop', id: laptop.id };
  }

  #arrive(event: Event): void {
    this.here = this.#tileAt(event) ?? this.here;
  }

  #stop(event: Event): void {
    event.preventDefault();
    const field = event.target instanceof HTMLFormElement ? event.target.elements.namedItem('passphrase') : null;
    const passphrase = field instanceof HTMLInputElement ? field.value : '';
    this.stopping = false;
    void this.ask({ name: 'stopOrder', passphrase }).then((result) => {
      this.problem = result.ok ? '' : (result.message ?? result.code);
    });
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape' && this.page.kind !== 'map') {
      event.preventDefault();
      this.#toMap();
      return;
    }
    const at = this.#tileAt(event);
    if (at === undefined) return;
    const tiles = [...this.renderRoot.querySelectorAll<HTMLElement>('.tile')];
    const rtl = getComputedStyle(this).direction === 'rtl';
    const columns = tiles.findIndex((tile) => tile.offsetTop !== tiles[0]?.offsetTop);
    const across = rtl ? -1 : 1;
    const down = columns > 0 ? columns : tiles.length;
    const step = { ArrowRight: across, ArrowLeft: -across, ArrowDown: down, ArrowUp: -down }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    tiles[Math.min(tiles.length - 1, Math.max(0, at + step))]?.focus();
  }
}
customElements.define('ripple-class', RippleClass);
