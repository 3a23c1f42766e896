/** A version that can be seen: a flower of its own shape and colours, the same on every laptop. */
import { type SVGTemplateResult, svg } from 'lit';

const PETALS = [5, 8, 4, 6, 3, 7] as const;
/** Outer and inner colour. Neighbouring versions never share one: their number goes round the list. */
const PAIRS = [
  ['#ffb300', '#8e24aa'],
  ['#00a3a3', '#ffe066'],
  ['#e8478b', '#ffd9b3'],
  ['#3f7df0', '#ffe066'],
  ['#58a618', '#fff3b0'],
  ['#f26a21', '#3b2a7a'],
  ['#8560d8', '#b8f2c2'],
] as const;

/** One petal of `count`, pointing up from the middle, in a square of 20 by 20 round 0 0. */
function petal(count: number, pointed: boolean): string {
  const wide = Math.min(4.4, 13 / count);
  return pointed
    ? `M0 0 C${-wide * 1.3} -3.4 ${-wide} -6.4 0 -9.6 C${wide} -6.4 ${wide * 1.3} -3.4 0 0 Z`
    : `M0 0 C${-wide * 1.6} -3 ${-wide * 1.6} -9.4 0 -9.4 C${wide * 1.6} -9.4 ${wide * 1.6} -3 0 0 Z`;
}

export interface VersionLook {
  readonly petals: number;
  readonly pointed: boolean;
  readonly outer: string;
  readonly inner: string;
}

/** Pure: from the number that the release says. */
export function lookOf(version: number): VersionLook {
  const [outer, inner] = PAIRS[version % PAIRS.length] ?? PAIRS[0];
  return { petals: PETALS[version % PETALS.length] ?? 5, pointed: version % 2 === 1, outer, inner };
}

/** The flower of `version`, `size` wide, its middle at `x`, `y`. Nothing for 0: no version. */
export function versionMark(version: number, x: number, y: number, size: number): SVGTemplateResult {
  if (version <= 0) return svg``;
  const { petals, pointed, outer, inner } = lookOf(version);
  const line = petal(petals, pointed);
  const turns = Array.from({ length: petals }, (_, i) => (360 * i) / petals);
  return svg`<g class="version-mark" data-version=${version} transform=${`translate(${x} ${y}) scale(${size / 20})`}
      stroke="var(--ink)" stroke-width="1.5" stroke-linejoin="round">
    <circle class="halo" r="10.6" fill="var(--paper)" stroke="none" />
    ${turns.map((turn) => svg`<path d=${line} transform=${`rotate(${turn})`} fill=${outer} />`)}
    <circle r="3" fill=${inner} />
  </g>`;
}

/** The same with rays: it is new. */
export function newMark(version: number, x: number, y: number, size: number): SVGTemplateResult {
  const rays = Array.from({ length: 8 }, (_, i) => (360 * i) / 8 + 22.5);
  return svg`<g class="shine" transform=${`translate(${x} ${y}) scale(${size / 20})`} stroke="var(--ink)" stroke-width="1.6"
      stroke-linecap="round">${rays.map((turn) => svg`<path d="M0 -12.4 V-15" transform=${`rotate(${turn})`} />`)}</g>
    ${versionMark(version, x, y, size)}`;
}
