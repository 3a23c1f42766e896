/** The part of BENCHMARKS.md and the plots of `npm run bench:class`. Pure. */
import { type AloneFigures, type ClassFigures, type ClassRun, lastSeconds, MOST_SECONDS, OURS } from './figures.ts';
import { deviations, LARGE_CLASS, type SimulatedRun } from './simulated.ts';

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

export function classReport({ setup, alone, runs }: ClassFigures, simulated: readonly SimulatedRun[]): string {
  const update = setup.contentBytes + setup.manifestBytes;
  const oneCopy = (update * 8) / setup.serverBitsPerSecond;
  const rows = runs.map((run) => {
    const last = lastSeconds(run);
    return `| ${run.way} | ${run.laptops} | ${(run.seconds[0] ?? 0).toFixed(1)} | ${median(run).toFixed(1)} | **${last.toFixed(1)}** | ${mb(run.serverBytes)} | ${(run.serverBytes / update).toFixed(2)} | ${mb(run.allBytes)} | ${run.cpuSeconds > 0 ? run.cpuSeconds.toFixed(0) : ''} |`;
  });
  return `## A class and its server

\`npm run bench:class\`: real daemons, rsync and ostree, each laptop in a network namespace of its own on one bridge; the server's link is
capped to ${setup.serverBitsPerSecond / 1e6} Mbit/s (tbf), the laptops' own links are not. The update has ${setup.blobs} new contents, together ${mb(setup.contentBytes)} MB that no program can compress, in a
tree of ${setup.files} different files, with a manifest of ${mb(setup.manifestBytes)} MB. One copy of it takes ${oneCopy.toFixed(1)} s over the server's link. Time runs from when
the server has it until a laptop has it whole, checked and written; for ours it contains hearing of it. All is on a disk of memory. ${setup.cores} processors
for everybody; load of other programs when it began: ${setup.loadAtStart.toFixed(1)}.

| way | laptops | first, s | median, s | last, s | MB from the server | updates | MB in all | CPU s of the laptops |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

${goals(runs)}

${alone ? simulation(alone, simulated) : 'Not simulated: one laptop alone was not measured (`npm run bench:class -- --alone`).'}

![Time until the last laptop has it, by the size of the class; and how many have it when](docs/bench-class.svg)

The figures, with every laptop's time: [docs/class.json](docs/class.json).
`;
}

/** The simulator may be off by so many per cent. */
const MOST_OFF = 20;

function simulation(alone: AloneFigures, simulated: readonly SimulatedRun[]): string {
  const per = (off: number): string => `${off > 0 ? '+' : ''}${off.toFixed(0)}%`;
  const rows = simulated.map((one) => {
    const off = deviations(one);
    const last = `${one.lastSeconds.toFixed(1)} | ${off ? per(off.last) : ''}`;
    return `| ${one.way}${off ? '' : ', a processor for each'} | ${one.laptops} | ${one.measured ? lastSeconds(one.measured).toFixed(1) : ''} | ${last} | ${mb(one.serverBytes)} | ${off ? per(off.server) : ''} |`;
  });
  const worst = Math.max(...simulated.map((one) => Math.abs(deviations(one)?.last ?? 0)));
  const own = simulated.filter(({ measured }) => !measured);
  const [class30, large] = [own[0], own.find(({ laptops }) => laptops === LARGE_CLASS)];
  const growth =
    class30 && large
      ? ` With a processor for each, ${large.laptops} laptops need ${(large.lastSeconds / class30.lastSeconds).toFixed(2)} times as long as ${class30.laptops}; the logarithm of the class is ${(Math.log(large.laptops) / Math.log(class30.laptops)).toFixed(2)} times as large, the class ${(large.laptops / class30.laptops).toFixed(0)} times.`
      : '';
  return `### The same class simulated

\`ripple simulate\`'s model with the same link, blobs and cores, and what one laptop alone needs of its processor (the median of three): ${alone.lookSeconds.toFixed(2)} s to look and
plan, ${(alone.takeSecondsPerMegabyte * 1000).toFixed(0)} ms for each MB that it takes, ${(alone.giveSecondsPerMegabyte * 1000).toFixed(0)} ms for each that it gives, ${alone.stageSeconds.toFixed(2)} s to stage, ${(alone.requestSeconds * 1000).toFixed(2)} ms to answer a question. Nothing is fitted to a class. The middle of five seeds; of ${LARGE_CLASS} laptops one, with
the contents put together to 32.

| way | laptops | last measured, s | simulated, s | off by | MB from the server, simulated | off by |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

At worst the last laptop's time is off by ${worst.toFixed(0)}%. Goal: within ${MOST_OFF}%: ${worst <= MOST_OFF ? 'reached' : '**missed**'}.${growth}`;
}

function goals(runs: readonly ClassRun[]): string {
  const ours = runs.filter(({ way }) => way === OURS).toSorted((a, b) => a.laptops - b.laptops);
  const largest = ours.at(-1);
  if (!largest) return '';
  const rivals = runs.filter(({ way, laptops }) => way !== OURS && laptops === largest.laptops);
  const best = rivals.toSorted((a, b) => lastSeconds(a) - lastSeconds(b))[0];
  const lines: string[] = [];
  if (best) {
    const times = lastSeconds(best) / lastSeconds(largest);
    lines.push(
      `With ${largest.laptops} laptops neighbours first is **${times.toFixed(1)} times** as fast as the best of the others (${best.way}). Goal: at least 5 times: ${times >= 5 ? 'reached' : '**missed**'}.`,
    );
  }
  for (const { way, seconds } of rivals) {
    const done = seconds.filter((one) => one !== MOST_SECONDS);
    const hung = seconds.length - done.length;
    if (hung === 0) continue;
    const last = done.at(-1) ?? Number.NaN;
    lines.push(
      `${way}: for ${hung} laptops it never ended, and was stopped after ${MOST_SECONDS} s; the others were done after ${last.toFixed(1)} s, ${(last / lastSeconds(largest)).toFixed(1)} times ours.`,
    );
  }
  const first = ours[0];
  if (first && first !== largest) {
    const grown = lastSeconds(largest) / lastSeconds(first);
    const logarithm = Math.log2(largest.laptops) / Math.log2(first.laptops);
    const linear = largest.laptops / first.laptops;
    const verdict = grown <= logarithm * 1.1 ? 'reached' : '**missed**';
    lines.push(
      `From ${first.laptops} to ${largest.laptops} laptops its time grew by a factor of ${grown.toFixed(2)}; the logarithm of the class grew by ${logarithm.toFixed(2)}, the class by ${linear.toFixed(2)}. Goal: no more than the logarithm: ${verdict}.`,
    );
  }
  return lines.join('\n');
}

function median({ seconds }: ClassRun): number {
  return seconds[Math.floor(seconds.length / 2)] ?? Number.NaN;
}
