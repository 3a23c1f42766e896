/** `npm run bench:wake`: processor time that a real daemon spends while somebody floods its group with forged releases. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { wakeGroup } from '../../../service/core/wake-rules.ts';
import { PROJECT_ROOT } from '../../helpers/private-bus.ts';
import { type Published, TestLaptop } from '../../helpers/published.ts';
import { publishSeries } from '../../helpers/school.ts';
import { signedRelease, testKey } from '../../helpers/trust.ts';
import { withSection } from '../section.ts';

const PORT = 18_517;
const SECONDS = 30;
const RATES = [0, 100, 1000, 10_000] as const;
const MARKERS = { start: '<!-- measured by npm run bench:wake -->', end: '<!-- end of what bench:wake measured -->' };
const FLOOD = join(dirname(fileURLToPath(import.meta.url)), 'flood.js');
/** USER_HZ of proc(5), on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Row {
  readonly sentPerSecond: number;
  readonly cpuPercent: number;
  readonly checked: number;
}

/** User and system time of a process, in seconds. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function measure(folder: string, published: Published, rate: number): Promise<Row> {
  const ends: (() => unknown)[] = [];
  const owner = { after: (end: () => unknown) => void ends.push(end) };
  const near = { 'discovery.kind': 'bonjour', 'discovery.interfaces': ['127.0.0.1'], 'wake.port': PORT };
  const own = join(folder, `at-${rate}`);
  const laptop = await TestLaptop.make(owner, { folder: own, published, config: near });
  try {
    await laptop.virtual.start();
    const { pid = 0 } = laptop.virtual;
    const forged = await signedRelease([await testKey('stranger')], 3, { image: published.image, version: 9 });
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const before = cpuSeconds(pid);
    const { ipv4 } = wakeGroup(published.image, 6);
    const args = [FLOOD, `${PORT}`, ipv4, `${rate}`, `${SECONDS}`, Buffer.from(forged).toString('hex')];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const cpuPercent = ((cpuSeconds(pid) - before) * 100) / SECONDS;
    const log = readFileSync(laptop.virtual.logFile, 'utf8');
    const checked = log.match(/a wake-up packet was not real/g)?.length ?? 0;
    return { sentPerSecond: Math.round(Number(stdout) / SECONDS), cpuPercent, checked };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'ripple-bench-wake-'));
try {
  const published = await publishSeries(join(folder, 'published'), 6);
  const rows: Row[] = [];
  for (const rate of RATES) {
    console.log(`${rate} packets a second for ${SECONDS} s`);
    rows.push(await measure(folder, published, rate));
  }
  const lines = rows.map(
    ({ sentPerSecond, cpuPercent, checked }) => `| ${sentPerSecond} | ${cpuPercent.toFixed(1)}% | ${checked} |`,
  );
  const text = `## A flood of forged wake-up packets

Measured ${new Date().toISOString().slice(0, 10)} by \`npm run bench:wake\` on ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}.
A laptop's daemon at rest, and somebody who sends releases with a stranger's signature, each another one, to its group for ${SECONDS} s. Processor
time is the daemon's own, user and system, of one processor; the first row is the daemon with nobody sending. The goal is below 5%.

| packets a second | processor | signatures checked |
| ---: | ---: | ---: |
${lines.join('\n')}
`;
  const file = join(PROJECT_ROOT, 'BENCHMARKS.md');
  writeFileSync(file, withSection(readFileSync(file, 'utf8'), MARKERS, text));
  console.log(text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
