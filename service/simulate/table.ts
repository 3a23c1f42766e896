/** The result of a simulation in columns, for people. Pure. */
import { POLICY_TITLES, type Run, timeUntil } from './figures.ts';

export function simulationTable(runs: readonly Run[]): string {
  const rows = runs.map((run) => [
    POLICY_TITLES[run.policy],
    time(timeUntil(run, 0.5)),
    time(timeUntil(run, 0.9)),
    time(timeUntil(run, 1)),
    `${((100 * run.hasAt.length * run.weight) / run.laptops).toFixed(0)}%`,
    bytes(run.serverBytes),
    bytes(run.peerBytes),
    bytes(run.uplinkBytes),
    time(run.airSeconds),
  ]);
  const head = ['policy', 'half', '90%', 'last', 'have it', 'server', 'laptops', 'uplink', 'air'];
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

export function time(seconds: number | undefined): string {
  if (seconds === undefined) return 'not yet';
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 2 * 3600) return `${(seconds / 60).toFixed(0)} min`;
  return seconds < 96 * 3600 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(0)} d`;
}

export function bytes(count: number): string {
  if (count === 0) return '0';
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** step).toPrecision(3)} ${units[step]}`;
}
