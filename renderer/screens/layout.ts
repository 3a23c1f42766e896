/** How a view becomes a page: the picture beside the words, the words over the buttons. */
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../components/icons.ts';
import '../components/ring.ts';
import { star } from '../components/shapes.ts';
import type { Note } from '../words/notes.ts';
import type { Words } from '../words/words.ts';
import { type Button, drawing, type View } from './view.ts';

/** What the window does when something on the page is touched, and what it knows that the view does not. */
export interface Layout {
  readonly words: Words;
  /** Who the friend is that was tapped; empty: none was. */
  readonly told: string;
  /** What the live region says. */
  readonly said: string;
  /** Label of the button whose answer has not come yet. */
  readonly pressed: string;
  readonly canRead: boolean;
  /** There is a class to go to. */
  readonly canTeach: boolean;
  tell(sentence: string): void;
  tap(button: Button): void;
  read(): void;
  toClass(): void;
}

export function pageOf(view: View, layout: Layout): TemplateResult {
  const { title, line } = view.sentence;
  const ringed = view.ring !== undefined && view.ring.shown.length > 0;
  return html`
    <main class=${ringed ? 'ringed' : ''}>
      <div class="stage">${stage(view, layout)}</div>
      <div class="words">
        <div class="title"><h1>${title}</h1>${read(layout)}</div>
        ${line ? html`<p>${line}</p>` : nothing}
        ${view.notes && view.notes.length > 0 ? notes(view.notes) : nothing}
        ${aside(view, layout)}
        ${buttons(view, layout)}
      </div>
      <div class="hidden" role="status" aria-live="polite">${layout.said}</div>
    </main>`;
}

/** Beside what it reads. */
function read({ words, canRead, read: say }: Layout): TemplateResult | typeof nothing {
  if (!canRead) return nothing;
  const { read: label } = words.buttons;
  return html`<button type="button" class="read" aria-label=${label} title=${label} @click=${say}>${icon('read')}</button>`;
}

function stage(view: View, { words, tell }: Layout): TemplateResult {
  const picture = drawing(view.picture);
  const progress =
    view.level === undefined
      ? nothing
      : html`<div class="hidden" role="progressbar" aria-label=${words.progress} aria-valuemin="0" aria-valuemax="100"
          aria-valuenow=${Math.round(view.level * 100)}></div>`;
  if (!view.ring || view.ring.shown.length === 0) return html`${picture}${progress}`;
  return html`<ripple-ring .ring=${view.ring} .words=${words} ?giving=${view.giving === true}
      @friend-told=${(event: CustomEvent<string>) => tell(event.detail)}>${picture}</ripple-ring>${progress}`;
}

function notes(list: readonly Note[]): TemplateResult {
  return html`<ul class="notes">${list.map(
    ({ text, picture }) =>
      html`<li>${
        picture
          ? html`<img src=${picture} alt="" />`
          : html`<svg viewBox="0 0 100 100" aria-hidden="true">${star(50, 50, 86)}</svg>`
      }<span dir="auto">${text}</span></li>`,
  )}</ul>`;
}

function aside(view: View, { told }: Layout): TemplateResult {
  const due = view.corner
    ? html`<div class="due"><svg viewBox="0 0 100 100" aria-hidden="true">${view.corner}</svg><p>${view.aside}</p></div>`
    : nothing;
  const said = told || (view.corner ? '' : (view.aside ?? ''));
  // Where friends can be tapped, the line keeps its place, so that nothing jumps.
  const line = view.ring && (!view.corner || told) ? html`<p class="aside told">${said}</p>` : nothing;
  return html`${due}${line}`;
}

function buttons(view: View, layout: Layout): TemplateResult {
  const { words, pressed } = layout;
  const button = (one: Button | undefined, role: 'main' | 'second') =>
    one
      ? html`<button type="button" class="${role} ${pressed === one.label ? 'pressed' : ''}" @click=${() => layout.tap(one)}>
          ${icon(one.icon)}<span>${one.label}</span></button>`
      : nothing;
  if (view.choices)
    return html`<div class="buttons choices">${view.choices.map((one, i) => button(one, i === 0 ? 'main' : 'second'))}</div>`;
  const toClass = layout.canTeach
    ? html`<button type="button" @click=${layout.toClass}>${words.teacher.classButton}</button>`
    : nothing;
  return html`<div class="buttons">${button(view.main, 'main')}${button(view.second, 'second')}${toClass}</div>`;
}
