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

/** A figure of 32 pixels fills in eighths; what the bar shows is exact. */
const LEVELS = 8;

/** In whole parts; each laptop rounds elsewhere, so that a class that began together is not all painted in the same frame. */
function shownLevel({ level, laptop }: Tile): number {
  const rounding = Number.parseInt(laptop.id.slice(-2), 16) / 256;
  return Math.min(1, Math.floor(level * LEVELS + (rounding || 0)) / LEVELS);
}

/** Drawn anew only where something of it changed: most of five hundred have not. */
export function tileView(tile: Tile, words: Words, at: number, focused: boolean): unknown {
  const { standing, laptop } = tile;
  const level = shownLevel(tile);
  return guard([standing, level, laptop.name, laptop.colours, words, at, focused], () =>
    drawn({ ...tile, level }, words, at, focused),
  );
}

function drawn(tile: Tile, words: Words, at: number, focused: boolean): TemplateResult {
  const { standing, level } = tile;
  const name = laptopName(tile, words);
  const word = words.teacher.standings[standing];
  return html`<button type="button" class="tile ${standing}" data-at=${at} tabindex=${focused ? 0 : -1}>
    ${figureOf(tile)}<span class="name" dir="auto">${name}</span><span class="word">${word}</span>
    <span class="bar" ${setStyle({ '--level': `${level}` })}><span></span></span>
  </button>`;
}
