/** The figures as the text of BENCHMARKS.md and as plots; the text says what was better and what was not. */
import { cpus, release, totalmem } from 'node:os';
import type { Result } from './contest.ts';
import type { DaemonMemory } from './daemon-memory.ts';
import type { FirstByte } from './first-byte.ts';
import type { Spread } from './statistics.ts';

export interface Figures {
  readonly date: string;
  readonly staging: readonly Result[];
  readonly publishingNext: readonly Result[];
  readonly publishingFirst: readonly Result[];
  readonly memory: readonly DaemonMemory[];
  readonly firstByte: FirstByte;
}

export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
const seconds = (ms: Spread): string =>
  `${(ms.median / 1000).toFixed(2)} (${(ms.min / 1000).toFixed(2)}–${(ms.max / 1000).toFixed(2)})`;

/** Everything between the markers of BENCHMARKS.md. */
export function reportText(figures: Figures): string {
  const { memory, firstByte } = figures;
  const memoryRows = memory.map((one) => [
    `${megabytes(one.updateBytes)} MB`,
    `${megabytes(one.atRest.rssBytes)} MB`,
    `${megabytes(one.afterCheck.rssBytes)} MB`,
    `${megabytes(one.peakBytes)} MB`,
    `${megabytes(one.afterFetch.rssBytes)} MB`,
  ]);
  const atRest = Math.max(...memory.map((one) => one.atRest.rssBytes));
  const [smallest, largest] = [memory[0]?.peakBytes ?? 0, memory.at(-1)?.peakBytes ?? 0];
  return `Measured ${figures.date} by \`npm run bench\` on ${machine()}.
Trees: Debian minbase, the base suite alone and with security and updates (152 MB, 6,910 entries, 16 MB of changed files).
Each program works on a fresh ext4 of its own, in turns, caches warm, and each ends with a flush of the file system. Median (least–most).

## Staging the newer version beside the older

${contestTable(figures.staging)}

${verdictOf('staging', figures.staging)}

![Staging: wall and processor time](docs/bench-staging.svg)

## Publishing the newer version where the older is

${contestTable(figures.publishingNext)}

${verdictOf('publishing', figures.publishingNext)}

## Publishing the first version

${contestTable(figures.publishingFirst)}

${verdictOf('publishing', figures.publishingFirst)}

![Publishing the newer version: wall and processor time](docs/bench-publishing.svg)

## The daemon's memory (resident)

${table(['update', 'at rest', 'after a look around', 'most while fetching', 'afterwards'], memoryRows)}

Goal: at rest under 70 MB: ${atRest < 70e6 ? 'kept' : `missed by ${megabytes(atRest - 70e6)} MB`}. Goal: flat in the size of the update: the largest needs ${(largest / smallest).toFixed(2)} times what the smallest does.

## From asking to the first byte

\`ripple check\` until the server is asked for the first byte: ${firstByte.fromCommandMs.median.toFixed(0)} ms (${firstByte.fromCommandMs.min.toFixed(0)}–${firstByte.fromCommandMs.max.toFixed(0)}), of which ${firstByte.fromCallMs.median.toFixed(0)} ms in the daemon; the rest is the start of Node.
`;
}

/** What it was measured on. */
export function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
}

export function contestTable(results: readonly Result[]): string {
  const rows = results.map(({ rival, wallMs, cpuMs, peakBytes, writtenBytes, verdict }) => [
    rival.name,
    seconds(wallMs),
    seconds(cpuMs),
    `${megabytes(peakBytes.median)} MB`,
    `${megabytes(writtenBytes.median)} MB`,
    verdict === '' ? 'as published' : verdict,
  ]);
  const does = results.map(({ rival }) => `- ${rival.name}: ${rival.does}`);
  return `${table(['program', 'wall s', 'processor s', 'peak memory', 'written to disk', 'the result'], rows)}\n\n${does.join('\n')}`;
}

/** In numbers, whoever wins. */
export function verdictOf(what: string, results: readonly Result[]): string {
  const [ours, ...rivals] = results;
  const best = rivals.reduce<Result | undefined>(
    (least, one) => (least && least.wallMs.median <= one.wallMs.median ? least : one),
    undefined,
  );
  if (!ours || !best) return '';
  const ratio = ours.wallMs.median / best.wallMs.median;
  const verdict = ratio <= 1 ? 'Ripple is not slower' : 'Ripple is slower';
  return `${verdict}: its ${what} takes ${ratio.toFixed(2)} times the wall time of the quickest other (${best.rival.name}).`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Bars of wall and processor time, one pair a program. */
export function plot(title: string, results: readonly Result[]): string {
  const most = Math.max(...results.flatMap(({ wallMs, cpuMs }) => [wallMs.max, cpuMs.max]), 1);
  const width = 640;
  const barsFrom = 150;
  const length = (ms: number): number => (ms / most) * (width - barsFrom - 70);
  const bars = results.map(({ rival, wallMs, cpuMs }, index) => {
    const y = 50 + index * 64;
    const bar = (ms: Spread, top: number, colour: string): string =>
      `<rect x="${barsFrom}" y="${top}" width="${length(ms.median).toFixed(1)}" height="20" rx="4" fill="${colour}"/><text x="${(barsFrom + length(ms.median) + 6).toFixed(1)}" y="${top + 15}">${(ms.median / 1000).toFixed(2)} s</text>`;
    return `<text x="${barsFrom - 10}" y="${y + 28}" text-anchor="end" font-weight="700">${rival.name}</text>${bar(wallMs, y, '#005fe4')}${bar(cpuMs, y + 24, '#ffbc00')}`;
  });
  const height = 60 + results.length * 64 + 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="14"><rect width="100%" height="100%" fill="#fff"/><text x="16" y="28" font-size="18" font-weight="700">${title}</text>${bars.join('')}<rect x="${barsFrom}" y="${height - 26}" width="12" height="12" fill="#005fe4"/><text x="${barsFrom + 18}" y="${height - 15}">wall</text><rect x="${barsFrom + 80}" y="${height - 26}" width="12" height="12" fill="#ffbc00"/><text x="${barsFrom + 98}" y="${height - 15}">processor</text></svg>\n`;
}
