import { css, html, LitElement, nothing, svg, type TemplateResult } from 'lit';
import type { Friend, Ring } from '../state/friends.ts';
import type { Words } from '../words/words.ts';
import { figureStyles } from './figure-styles.ts';
import { house } from './house.ts';
import { setStyle } from './set-style.ts';
import { xo } from './xo.ts';

const LEVEL = { has: 1, getting: 0.5, gone: 0 } as const;
/** Dots on the way from each giver. */
const DOTS = [0, 1, 2] as const;

function figure(friend: Friend): TemplateResult {
  return html`<svg viewBox="0 0 100 100" aria-hidden="true">${
    friend.kind === 'school'
      ? house(friend.colours, friend.state)
      : xo({ colours: friend.colours, level: LEVEL[friend.state], gone: friend.state === 'gone' })
  }</svg>`;
}

/**
 * The friends round the child's own figure (the slot). Arrow keys go round, one stop for Tab; a tap on a friend says who
 * it is. Fires `friend-told` with the sentence.
 */
export class RippleRing extends LitElement {
  static override properties = {
    ring: { attribute: false },
    words: { attribute: false },
    giving: { type: Boolean },
    current: { state: true },
  };
  declare ring: Ring;
  declare words: Words;
  /** Dots fly from those who give. */
  declare giving: boolean;
  declare current: number;

  constructor() {
    super();
    this.giving = false;
    this.current = 0;
  }

  static override styles = [
    figureStyles,
    css`
    :host { display: block; position: relative; inline-size: 100%; block-size: 100%; container-type: size; }
    .middle { position: absolute; inset: 28%; }
    ::slotted(svg) { inline-size: 100%; block-size: 100%; }
    .more { position: absolute; inset-inline: 20%; top: 72%; margin: 0; text-align: center; font-size: 20px; line-height: 1.3; color: var(--ink-soft); }
    .friend {
      --size: max(75px, 17cqmin);
      --radius: calc(50cqmin - var(--size) / 2);
      position: absolute; inline-size: var(--size); block-size: var(--size); padding: 6px; margin: 0;
      left: calc(50% + var(--x) * var(--radius)); top: calc(50% + var(--y) * var(--radius));
      transform: translate(-50%, -50%); border: 0; border-radius: 50%; background: transparent; cursor: pointer;
      font: inherit; color: var(--ink);
    }
    .few .friend { --size: max(75px, 22cqmin); }
    .friend svg { display: block; inline-size: 100%; block-size: 100%; overflow: visible; }
    .friend:hover { background: var(--hover); }
    .friend:active { transform: translate(-50%, -50%) scale(0.94); background: var(--hover); }
    .friend:focus { outline: none; }
    .friend:focus-visible { outline: 3px solid var(--focus); outline-offset: 1px; }
    .dots { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; pointer-events: none; }
    .dot { animation: fly 2.4s linear infinite; animation-delay: calc(var(--nth) * 0.8s); }
    @keyframes fly {
      from { transform: translate(calc(var(--x) * 31px), calc(var(--y) * 31px)); opacity: 0; }
      15% { opacity: 1; }
      80% { opacity: 1; }
      to { transform: translate(calc(var(--x) * 17px), calc(var(--y) * 17px)); opacity: 0; }
    }
    @media (prefers-reduced-motion: reduce) {
      .dot {
        animation: none;
        transform: translate(calc(var(--x) * (20px + var(--nth) * 4px)), calc(var(--y) * (20px + var(--nth) * 4px)));
      }
    }
    @media (forced-colors: active) {
      .friend { forced-color-adjust: none; }
    }
    /* Twelve targets of 75 px with gaps of 15 need a ring of 424 px; where there is no room for that, friends stand in rows. */
    @media (max-width: 785px) and (orientation: landscape), (max-height: 463px), (max-width: 483px), (max-height: 785px) and (orientation: portrait) {
      :host { container-type: normal; block-size: auto; }
      .middle { position: static; display: grid; justify-content: center; padding-block: 15px; }
      .more { position: static; margin-block-start: 8px; }
      .dots { display: none; }
      .many, .few { display: flex; flex-wrap: wrap; gap: 15px; justify-content: center; }
      .friend, .few .friend { --size: 75px; position: static; transform: none; }
      .friend:active { transform: scale(0.94); }
    }
  `,
  ];

  override render(): TemplateResult {
    const { shown } = this.ring;
    const here = Math.min(this.current, shown.length - 1);
    return html`
      <div class="middle"><slot></slot></div>
      ${this.giving ? this.#dots() : nothing}
      <div role="toolbar" aria-label=${this.words.ring} class=${shown.length > 8 ? 'many' : 'few'} @keydown=${this.#turn}>
        ${shown.map(
          (
            friend,
            i,
          ) => html`<button class="friend" type="button" tabindex=${i === here ? 0 : -1} ${setStyle(this.#place(i))}
            aria-label=${this.words.friend(friend)} @click=${() => this.#tell(i)} @focus=${() => this.#arrive(i)}>
            ${figure(friend)}
          </button>`,
        )}
      </div>
      ${this.ring.more > 0 ? html`<p class="more">${this.words.more(this.ring.more)}</p>` : nothing}`;
  }

  /** Unit vector of place `i`, from the top and clockwise. */
  #place(i: number): { readonly '--x': string; readonly '--y': string } {
    const angle = (2 * Math.PI * i) / Math.max(1, this.ring.shown.length);
    return { '--x': Math.sin(angle).toFixed(4), '--y': (-Math.cos(angle)).toFixed(4) };
  }

  #dots(): TemplateResult {
    return html`<svg class="dots" viewBox="-50 -50 100 100" aria-hidden="true">${this.ring.shown.flatMap((friend, i) =>
      friend.gives && friend.state !== 'gone'
        ? DOTS.map(
            (
              nth,
            ) => svg`<circle class="dot" r="1.5" fill=${friend.colours.fill} stroke=${friend.colours.stroke} stroke-width="0.7"
              ${setStyle({ ...this.#place(i), '--nth': String(nth) })} />`,
          )
        : [],
    )}</svg>`;
  }

  #turn(event: KeyboardEvent): void {
    const forward = getComputedStyle(this).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const backward = forward === 'ArrowRight' ? 'ArrowLeft' : 'ArrowRight';
    const count = this.ring.shown.length;
    const step = { [forward]: 1, ArrowDown: 1, [backward]: -1, ArrowUp: -1 }[event.key];
    if (step === undefined || count === 0) return;
    event.preventDefault();
    this.renderRoot.querySelectorAll<HTMLElement>('.friend')[(this.current + step + count) % count]?.focus();
  }

  #arrive(i: number): void {
    this.current = i;
    this.#tell(i);
  }

  #tell(i: number): void {
    const friend = this.ring.shown[i];
    if (friend) this.dispatchEvent(new CustomEvent('friend-told', { detail: this.words.friend(friend) }));
  }
}
customElements.define('ripple-ring', RippleRing);
