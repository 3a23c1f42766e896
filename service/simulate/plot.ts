/** The result of a simulation as one SVG: who has it when, and what it cost. Pure; no fonts, no scripts, nothing from elsewhere. */
import { POLICY_TITLES, type Policy, type Run } from './figures.ts';
import { bytes, time } from './table.ts';

const WIDTH = 760;
const CURVES = { x: 60, y: 50, width: 660, height: 260 } as const;
const BAR = { top: 380, height: 16, width: 170 } as const;
/** Of Okabe and Ito: told apart by people who see few colours. */
const COLOURS: Readonly<Record<Policy, string>> = {
  server: '#d55e00',
  rsync: '#e69f00',
  neighbours: '#0072b2',
  bundles: '#009e73',
};
const POINTS = 200;

export function simulationPlot(title: string, runs: readonly Run[]): string {
  const height = BAR.top + 12 + runs.length * (BAR.height + 10);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="${CURVES.x}" y="24" font-size="14">${escaped(title)}</text>
${curves(runs)}
${bars(runs)}
</svg>
`;
}

/** Time is shown by its logarithm: some need seconds, some days. */
function curves(runs: readonly Run[]): string {
  const { x, y, width, height } = CURVES;
  const all = runs.flatMap(({ hasAt }) => [hasAt[0] ?? 1, hasAt.at(-1) ?? 1]);
  const from = Math.max(1, Math.min(...all));
  const to = Math.max(from * 2, ...all);
  const xOf = (seconds: number): number => x + (width * Math.log(Math.max(from, seconds) / from)) / Math.log(to / from);
  const yOf = (share: number): number => y + height * (1 - share);
  const ticks = [1, 10, 60, 300, 900, 3600, 4 * 3600, 86_400, 2 * 86_400].filter((at) => at >= from && at <= to);
  const grid = ticks.map(
    (at) =>
      `<path d="M${xOf(at).toFixed(1)} ${y}v${height}" stroke="#ddd"/><text x="${xOf(at).toFixed(1)}" y="${y + height + 16}" text-anchor="middle">${time(at)}</text>`,
  );
  const shares = [0, 0.5, 1].map(
    (share) =>
      `<path d="M${x} ${yOf(share)}h${width}" stroke="#ddd"/><text x="${x - 6}" y="${yOf(share) + 4}" text-anchor="end">${share * 100}%</text>`,
  );
  const lines = runs.map((run) => {
    const { hasAt, laptops, policy, weight } = run;
    const step = Math.max(1, Math.floor(hasAt.length / POINTS));
    const upTo = (laptopsSoFar: number): string => yOf(Math.min(1, (laptopsSoFar * weight) / laptops)).toFixed(1);
    const kept = hasAt.flatMap((at, index) =>
      index % step === 0 || index === hasAt.length - 1 ? [{ x: xOf(at).toFixed(1), y: upTo(index + 1) }] : [],
    );
    // A step where one more has it, not a slope from the day before.
    const points = kept.flatMap(({ x, y }, index) => [`${x},${kept[index - 1]?.y ?? upTo(0)}`, `${x},${y}`]);
    return `<polyline fill="none" stroke="${COLOURS[policy]}" stroke-width="2" points="${points.join(' ')}"><title>${POLICY_TITLES[policy]}</title></polyline>`;
  });
  return [...grid, ...shares, ...lines, `<text x="${x}" y="${y - 6}">laptops that have it</text>`].join('\n');
}

function bars(runs: readonly Run[]): string {
  const columns = [
    { title: 'bytes at the server', of: (run: Run) => run.serverBytes, text: bytes },
    { title: 'bytes at the uplink', of: (run: Run) => run.uplinkBytes, text: bytes },
    { title: 'air time', of: (run: Run) => run.airSeconds, text: time },
  ];
  const left = (column: number): number => 200 + column * (BAR.width + 15);
  const heads = columns.map(({ title }, at) => `<text x="${left(at)}" y="${BAR.top - 8}">${title}</text>`);
  const rows = runs.flatMap((run, index) => {
    const y = BAR.top + index * (BAR.height + 10);
    const name = `<rect x="12" y="${y}" width="${BAR.height}" height="${BAR.height}" fill="${COLOURS[run.policy]}"/><text x="34" y="${y + 12}">${POLICY_TITLES[run.policy]}</text>`;
    const cells = columns.map(({ of, text }, at) => {
      const most = Math.max(...runs.map(of));
      const width = most > 0 ? (of(run) / most) * (BAR.width - 70) : 0;
      return `<rect x="${left(at)}" y="${y}" width="${width.toFixed(1)}" height="${BAR.height}" fill="${COLOURS[run.policy]}"/><text x="${(left(at) + width + 4).toFixed(1)}" y="${y + 12}">${text(of(run))}</text>`;
    });
    return [name, ...cells];
  });
  return [...heads, ...rows].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
