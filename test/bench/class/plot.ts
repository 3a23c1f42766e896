/** The plots of `npm run bench:class`, as SVG. Pure. */
import { type ClassFigures, type ClassRun, lastSeconds } from './figures.ts';

const COLOURS = ['#c2185b', '#1565c0', '#2e7d32', '#ef6c00', '#6a1b9a', '#455a64'];
const [PANEL, HEIGHT, LEFT, TOP, GAP] = [430, 300, 60, 60, 80];
const TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

export function classPlot({ runs }: ClassFigures): string {
  const ways = [...new Set(runs.map(({ way }) => way))];
  const colour = (way: string): string => COLOURS[ways.indexOf(way) % COLOURS.length] ?? '#000';
  const most = Math.max(...runs.map(({ laptops }) => laptops));
  const ticks = TICKS.filter((tick) => tick <= 2 * Math.max(...runs.map(lastSeconds)));
  const top = ticks.at(-1) ?? 1;
  const share = (seconds: number): number => Math.log(Math.max(1, seconds)) / Math.log(top);
  const up = (part: number): string => (TOP + HEIGHT * (1 - part)).toFixed(1);

  const sizes = [...new Set(runs.map(({ laptops }) => laptops))].toSorted((a, b) => a - b);
  const across = (laptops: number): string => (LEFT + (PANEL * laptops) / most).toFixed(1);
  const byClass = ways.map((way) => {
    const own = runs.filter((run) => run.way === way).toSorted((a, b) => a.laptops - b.laptops);
    const points = own.map((run) => [across(run.laptops), up(share(lastSeconds(run)))] as const);
    const dots = points.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="5" fill="${colour(way)}"/>`);
    return `<polyline fill="none" stroke="${colour(way)}" stroke-width="2" points="${points.map((one) => one.join(',')).join(' ')}"/>${dots.join('')}`;
  });
  const grid = ticks.map(
    (tick) =>
      `<line x1="${LEFT}" x2="${LEFT + PANEL}" y1="${up(share(tick))}" y2="${up(share(tick))}" stroke="#ddd"/><text x="${LEFT - 6}" y="${up(share(tick))}" text-anchor="end" dominant-baseline="middle">${tick} s</text>`,
  );
  const labels = sizes.map(
    (size) => `<text x="${across(size)}" y="${TOP + HEIGHT + 18}" text-anchor="middle">${size}</text>`,
  );

  const second = LEFT + PANEL + GAP;
  const at = (seconds: number): string => (second + PANEL * share(seconds)).toFixed(1);
  const spread = runs.filter(({ laptops }) => laptops === most).map((run) => steps(run, at, up, colour(run.way)));
  const times = ticks.map(
    (tick) =>
      `<line x1="${at(tick)}" x2="${at(tick)}" y1="${TOP}" y2="${TOP + HEIGHT}" stroke="#ddd"/><text x="${at(tick)}" y="${TOP + HEIGHT + 18}" text-anchor="middle">${tick} s</text>`,
  );
  const legend = ways.map(
    (way, i) =>
      `<circle cx="${LEFT + 6}" cy="${TOP + HEIGHT + 40 + 18 * i}" r="5" fill="${colour(way)}"/><text x="${LEFT + 18}" y="${TOP + HEIGHT + 44 + 18 * i}">${way}</text>`,
  );
  const width = second + PANEL + 40;
  const height = TOP + HEIGHT + 50 + 18 * ways.length;
  const title = (x: number, text: string): string =>
    `<text x="${x}" y="30" font-size="16" font-weight="700">${text}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${title(LEFT, 'Until the last of so many laptops has it')}${title(second, `How many of ${most} have it`)}${grid.join('')}${labels.join('')}${byClass.join('')}${times.join('')}${spread.join('')}${legend.join('')}</svg>\n`;
}

/** One more has it at each step. */
function steps(
  { seconds, laptops }: ClassRun,
  at: (seconds: number) => string,
  up: (part: number) => string,
  colour: string,
): string {
  const points = seconds.flatMap((one, i) => [`${at(one)},${up(i / laptops)}`, `${at(one)},${up((i + 1) / laptops)}`]);
  return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.join(' ')}"/>`;
}
