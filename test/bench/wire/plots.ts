/** Plots of dots in rows, as SVG. Pure. */

export interface Series {
  readonly name: string;
  readonly colour: string;
  /** Drawn larger and above the others. */
  readonly strong?: boolean;
  /** By row; undefined: no dot. */
  readonly values: readonly (number | undefined)[];
}

export interface DotPlot {
  readonly title: string;
  readonly rows: readonly string[];
  readonly series: readonly Series[];
  /** Where the grid's lines are, ascending; the ends are the ends of the scale, and what is beyond them is drawn at them. */
  readonly ticks: readonly number[];
  readonly tickText: (tick: number) => string;
  /** A tick drawn as the measure of all. */
  readonly emphasis?: number;
}

const ROW = 20;
const LABELS = 130;
const TOP = 84;
const PANEL = 560;
const LEGEND_COLUMN = 112;
const GAP = 70;

/** Panels side by side over the same rows; the scale is logarithmic. */
export function dotPlots(plots: readonly DotPlot[]): string {
  const rows = plots[0]?.rows ?? [];
  const width = LABELS + plots.length * PANEL + (plots.length - 1) * GAP + 40;
  const height = TOP + rows.length * ROW + 40;
  const labels = rows.map(
    (row, index) =>
      `<text x="${LABELS - 10}" y="${TOP + index * ROW + 14}" text-anchor="end">${escaped(row)}</text>${index % 2 === 0 ? `<rect x="${LABELS}" y="${TOP + index * ROW}" width="${width - LABELS - 40}" height="${ROW}" fill="#f4f4f4"/>` : ''}`,
  );
  const panels = plots.map((plot, index) => panel(plot, LABELS + index * (PANEL + GAP), rows.length));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${labels.join('')}${panels.join('')}</svg>\n`;
}

function panel({ title, series, ticks, tickText, emphasis }: DotPlot, left: number, rows: number): string {
  const [first, last] = [Math.log(ticks[0] ?? 1), Math.log(ticks.at(-1) ?? 10)];
  const x = (value: number): string => {
    const share = (Math.log(value) - first) / (last - first);
    return (left + Math.min(1, Math.max(0, share)) * PANEL).toFixed(1);
  };
  const bottom = TOP + rows * ROW;
  const grid = ticks.map(
    (tick) =>
      `<line x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 4}" y2="${bottom + 4}" stroke="${tick === emphasis ? '#222' : '#ccc'}" stroke-width="${tick === emphasis ? 2 : 1}"/><text x="${x(tick)}" y="${bottom + 20}" text-anchor="middle" fill="#444">${escaped(tickText(tick))}</text>`,
  );
  const columns = Math.floor(PANEL / LEGEND_COLUMN);
  const legend = series.map(({ name, colour, strong }, index) => {
    const at = left + 8 + (index % columns) * LEGEND_COLUMN;
    const y = 44 + Math.floor(index / columns) * 18;
    return `${mark(at, y, colour, strong)}<text x="${at + 11}" y="${y + 4}">${escaped(name)}</text>`;
  });
  const dots = series
    .toSorted((a, b) => Number(a.strong ?? false) - Number(b.strong ?? false))
    .map(({ values, colour, strong }) =>
      values
        .map((value, row) =>
          value === undefined ? '' : mark(Number(x(value)), TOP + row * ROW + ROW / 2, colour, strong),
        )
        .join(''),
    );
  return `<text x="${left}" y="24" font-size="16" font-weight="700">${escaped(title)}</text>${legend.join('')}${grid.join('')}${dots.join('')}`;
}

/** A dot, or a diamond for what is looked for. */
function mark(x: number, y: number, colour: string, strong = false): string {
  if (!strong) return `<circle cx="${x}" cy="${y}" r="4" fill="${colour}" fill-opacity="0.85"/>`;
  return `<path d="M${x} ${y - 7}L${x + 7} ${y}L${x} ${y + 7}L${x - 7} ${y}Z" fill="${colour}" stroke="#fff"/>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
