/**
 * Prints, for every pair of a folder `CORPUS/<pair>/{old,new}`, what its changed files cost as RIPDIFF1 diffs, together as one solid stream, and as
 * bsdiff's patches (where Debian's bsdiff is installed). Usage: node build/test/bench/wire-inner.js CORPUS [PAIR]…
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memorySource } from '../../service/delta/byte-source.ts';
import { baseOf, decodeDiff, encodeDiff, encodeSolid, type SolidRecord } from '../../service/delta/ripdiff/index.ts';

interface Changed {
  readonly path: string;
  readonly oldPath: string;
  readonly newPath: string;
}

function files(root: string, folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(root, path) : entry.isFile() ? [path] : [];
  });
}

/** Files of the same path, or of the same name with other digits at its end, whose content changed; each content once. */
function changed(pair: string): Changed[] {
  const before = files(join(pair, 'old'));
  const seen = new Set<string>();
  return files(join(pair, 'new')).flatMap((path) => {
    const stem = path.replace(/[\d.]+$/, '');
    const alike = before.filter((other) => other.replace(/[\d.]+$/, '') === stem);
    const from = before.includes(path) ? path : alike.length === 1 ? alike[0] : undefined;
    if (from === undefined) return [];
    const oldPath = join(pair, 'old', from);
    const newPath = join(pair, 'new', path);
    const key = createHash('sha256').update(readFileSync(oldPath)).update(readFileSync(newPath)).digest('hex');
    if (seen.has(key) || readFileSync(oldPath).equals(readFileSync(newPath))) return [];
    seen.add(key);
    return [{ path, oldPath, newPath }];
  });
}

function bsdiffBytes({ oldPath, newPath }: Changed, work: string): number {
  const patch = join(work, 'patch');
  execFileSync('bsdiff', [oldPath, newPath, patch]);
  return statSync(patch).size;
}

const [corpus, ...wanted] = process.argv.slice(2);
if (corpus === undefined) {
  console.error('usage: wire-inner CORPUS [PAIR]…');
  process.exit(2);
}
const hasBsdiff = spawnSync('bsdiff').error === undefined;
const work = mkdtempSync(join(tmpdir(), 'ripple-wire-'));
console.log('pair\tfiles\traw\tbsdiff\tdiffs\tsolid\tmake ms\tapply ms');
let wrong = 0;
for (const name of wanted.length > 0 ? wanted : readdirSync(corpus).sort()) {
  const pair = join(corpus, name);
  if (!existsSync(join(pair, 'old')) || !existsSync(join(pair, 'new'))) continue;
  const list = changed(pair);
  const records: SolidRecord[] = [];
  let raw = 0;
  let diffs = 0;
  let makeMs = 0;
  let applyMs = 0;
  for (const { path, oldPath, newPath } of list) {
    const base = readFileSync(oldPath);
    const target = readFileSync(newPath);
    records.push({ base: baseOf(base), target, hint: { path } });
    raw += target.length;
    const start = performance.now();
    const diff = encodeDiff(base, target);
    const made = performance.now();
    const hash = createHash('sha256');
    decodeDiff(base, memorySource(diff), (part) => hash.update(part), { maxNewBytes: target.length });
    applyMs += performance.now() - made;
    makeMs += made - start;
    diffs += diff.length;
    if (hash.digest('hex') !== createHash('sha256').update(target).digest('hex')) {
      console.error(`${name} ${path}: the diff does not give the file back`);
      wrong++;
    }
  }
  const bsdiff = hasBsdiff ? list.reduce((sum, each) => sum + bsdiffBytes(each, work), 0) : Number.NaN;
  const solid = encodeSolid(records).length;
  const times = `${makeMs.toFixed(0)}\t${applyMs.toFixed(0)}`;
  console.log(`${name}\t${list.length}\t${raw}\t${bsdiff}\t${diffs}\t${solid}\t${times}`);
}
rmSync(work, { recursive: true });
process.exitCode = wrong > 0 ? 1 : 0;
