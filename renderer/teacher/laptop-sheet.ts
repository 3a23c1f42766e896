/** One laptop: its last step, why, what to do, and everything to copy for whoever is asked for help. */
import { html, type TemplateResult } from 'lit';
import type { Words } from '../words/words.ts';
import { agoOf, type Tile } from './class-state.ts';
import { adviceOf } from './text.ts';
import { figureOf, laptopName } from './tile.ts';

export function agoText(lastSeen: number, words: Words, nowSeconds: number): string {
  const ago = agoOf(lastSeen, nowSeconds);
  return ago.unit === 'now' ? words.teacher.now : words.ago(ago.unit, ago.count);
}

/** For a mail or a note: terms as the daemon has them, in no language. */
export function details({ laptop, standing }: Tile): string {
  return [
    `id: ${laptop.id}`,
    `name: ${laptop.name}`,
    `version: ${laptop.version}`,
    `state: ${laptop.state} (${standing})`,
    `progress: ${laptop.progress}`,
    `last seen: ${new Date(laptop.lastSeen * 1000).toISOString()}`,
    `error: ${laptop.error || 'none'}`,
  ].join('\n');
}

export function laptopSheet(
  tile: Tile,
  words: Words,
  { nowSeconds, copied, copy }: { readonly nowSeconds: number; readonly copied: boolean; copy(text: string): void },
): TemplateResult {
  const { laptop, standing } = tile;
  const { laptop: text, lastSeen, version } = words.teacher;
  return html`<div class="sheet">
    ${figureOf(tile)}
    <h2><bdi>${laptopName(tile, words)}</bdi></h2>
    <p>${version.replace('{version}', String(laptop.version))} · ${lastSeen}: ${agoText(laptop.lastSeen, words, nowSeconds)}</p>
    <dl>
      <dt>${text.step}</dt><dd>${text.steps[standing]}</dd>
      <dt>${text.reason}</dt><dd>${laptop.error === '' ? text.fine : laptop.error}</dd>
      <dt>${text.todo}</dt><dd>${text.advice[adviceOf(laptop.error, standing)]}</dd>
    </dl>
    <pre>${details(tile)}</pre>
    <div class="row"><button type="button" class="main" @click=${() => copy(details(tile))}>${copied ? text.copied : text.copy}</button></div>
  </div>`;
}
