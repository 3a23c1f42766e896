/**
 * The bars of all that are on their way, drawn as one shape over the class map: a hundred follow their level in every frame,
 * and the map under them is not painted anew. A CSS transition for each starts so many animations at once that the page
 * stands still. On paper each tile draws its own.
 */

/** Where a tile has its bar's inside, in CSS pixels: what `.tile` and `.bar` say. */
const BAR = { bottom: 12, height: 4, inset: 1, share: 0.8, tileEdge: 5 } as const;
const GLIDE_MS = 900;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

interface Move {
  readonly from: number;
  readonly to: number;
  readonly startMs: number;
}

export interface Moving {
  readonly id: string;
  /** 0 to 1. */
  readonly level: number;
  /** Its place among the tiles. */
  readonly at: number;
}

export class GlidingBars {
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  readonly #resized = new ResizeObserver(() => {
    this.#placed = '';
    this.#show();
  });
  #tiles: HTMLElement | undefined;
  #shape: Element | null = null;
  #moving: readonly Moving[] = [];
  #moves = new Map<string, Move>();
  /** By id. */
  #places = new Map<string, Place>();
  /** What the places were read for: to read them lays out the whole map. */
  #placed = '';
  #asked = false;

  /**
   * What is to be seen from now on: a bar that was there before glides to its new level, but never back. `tiles` holds the tiles, in
   * their order, and the sheet over them.
   */
  follow(tiles: HTMLElement | undefined, moving: readonly Moving[]): void {
    if (tiles !== this.#tiles) {
      this.#resized.disconnect();
      if (tiles) this.#resized.observe(tiles);
      this.#tiles = tiles;
      this.#shape = tiles?.querySelector('.moving path') ?? null;
      this.#placed = '';
    }
    this.#moving = moving;
    const nowMs = Number(document.timeline.currentTime ?? 0);
    const moves = new Map<string, Move>();
    for (const { id, level } of moving) {
      const before = this.#moves.get(id);
      const glides = before && level > before.to && !this.#still.matches;
      const fresh = { from: glides ? levelAt(before, nowMs) : level, to: level, startMs: nowMs };
      moves.set(id, before?.to === level ? before : fresh);
    }
    this.#moves = moves;
    this.#show();
  }

  #show(): void {
    const wanted = this.#moving.map(({ id, at }) => `${at}:${id}`).join();
    if (this.#tiles && wanted !== this.#placed) {
      this.#places = placesOf(this.#tiles, this.#moving);
      this.#placed = wanted;
    }
    this.#draw(Number(document.timeline.currentTime ?? 0));
  }

  #draw(nowMs: number): void {
    let shape = '';
    let moves = false;
    for (const [id, move] of this.#moves) {
      const place = this.#places.get(id);
      if (place)
        shape += `M${place.x} ${place.y}h${(place.width * levelAt(move, nowMs)).toFixed(2)}v${BAR.height}H${place.x}z`;
      moves ||= move.from !== move.to && nowMs - move.startMs < GLIDE_MS;
    }
    this.#shape?.setAttribute('d', shape);
    if (!moves || this.#asked) return;
    this.#asked = true;
    requestAnimationFrame((frameMs) => {
      this.#asked = false;
      this.#draw(frameMs);
    });
  }
}

function levelAt({ from, to, startMs }: Move, nowMs: number): number {
  return from + (to - from) * Math.min(1, Math.max(0, (nowMs - startMs) / GLIDE_MS));
}

/** A bar that begins at the right has a negative width. */
function placesOf(tiles: HTMLElement, moving: readonly Moving[]): Map<string, Place> {
  const all = tiles.querySelectorAll<HTMLElement>('.tile');
  const rtl = getComputedStyle(tiles).direction === 'rtl';
  const places = new Map<string, Place>();
  for (const { id, at } of moving) {
    const tile = all[at];
    if (!tile) continue;
    const width = (tile.offsetWidth - 2 * BAR.tileEdge) * BAR.share - 2 * BAR.inset;
    const middle = tile.offsetLeft + tile.offsetWidth / 2;
    const y = tile.offsetTop + tile.offsetHeight - BAR.bottom;
    places.set(id, { x: rtl ? middle + width / 2 : middle - width / 2, y, width: rtl ? -width : width });
  }
  return places;
}
