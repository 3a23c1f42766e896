import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contest } from './contest.ts';
import { measureDaemonMemory } from './daemon-memory.ts';
import { measureFirstByte } from './first-byte.ts';
import { publishingRivals } from './publishing.ts';
import { makeSources } from './sources.ts';
import { stagingRivals } from './staging.ts';

const say = (line: string): void => console.log(line);
const folder = mkdtempSync(join(tmpdir(), 'ripple-bench-'));
try {
  const sources = makeSources(folder, say);
  const only = process.argv[2] ?? '';
  const runs = Number(process.argv[3] ?? 5);
  const show = (results: ReturnType<typeof contest>): void => {
    for (const r of results)
      say(
        `${r.rival.name.padEnd(16)} wall ${r.wallMs.median.toFixed(0)} (${r.wallMs.min.toFixed(0)}-${r.wallMs.max.toFixed(0)}) cpu ${r.cpuMs.median.toFixed(0)} peak ${(r.peakBytes.median / 1e6).toFixed(0)}MB written ${(r.writtenBytes.median / 1e6).toFixed(1)}MB ${r.verdict}`,
      );
  };
  if ('staging'.includes(only)) show(contest(stagingRivals(sources), { folder, runs, say }));
  if ('next'.includes(only)) show(contest(publishingRivals(sources, 'next'), { folder, runs, say }));
  if ('first'.includes(only)) show(contest(publishingRivals(sources, 'first'), { folder, runs, say }));
  if ('memory'.includes(only))
    say(JSON.stringify(await measureDaemonMemory(sources, { folder, restSeconds: 10, say }), null, 1));
  if ('byte'.includes(only)) say(JSON.stringify(await measureFirstByte(sources, folder, runs)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
