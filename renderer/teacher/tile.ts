/** One laptop of the class map: figure, nickname, one word, bar. */
import { html, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { setStyle } from '../components/set-style.ts';
import { xo } from '../components/xo.ts';
import { coloursOf } from '../state/colours.ts';
import { nickname } from '../state/friends.ts';
import type { Words } from '../words/words.ts';
import type { Tile } from './class-state.ts';

export function laptopName({ laptop }: Tile, words: Words): string {
  return nickname(laptop.name) || words.teacher.unnamed;
}

export function figureOf({ laptop, standing, level }: Tile): TemplateResult {
  const colours = coloursOf(laptop.colours);
  return html`<svg class="figure" viewBox="0 0 100 100" aria-hidden="true">${xo({ colours, level, gone: standing === 'away' })}</svg>`;
}

/** Drawn anew only where something of it changed: most of five hundred have not. */
export function tileView(tile: Tile, words: Words, at: number, focused: boolean): unknown {
  const { standing, level, laptop } = tile;
  return guard([standing, level, laptop.name, laptop.colours, words, at, focused], () =>
    drawn(tile, words, at, focused),
  );
}

function drawn(tile: Tile, words: Words, at: number, focused: boolean): TemplateResult {
  const { standing, level } = tile;
  const name = laptopName(tile, words);
  const word = words.teacher.standings[standing];
  return html`<button type="button" class="tile ${standing}" data-at=${at} tabindex=${focused ? 0 : -1}>
    ${figureOf(tile)}<span class="name" dir="auto">${name}</span><span class="word">${word}</span>
    <span class="bar" ${setStyle({ '--level': level.toFixed(2) })}><span></span></span>
  </button>`;
}
