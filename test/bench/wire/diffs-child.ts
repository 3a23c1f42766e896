/**
 * Makes or applies Ripple's diffs of a workplace's files, one after the other, as `ripple diff` and `ripple patch` do.
 * Usage: node diffs-child.js make|apply FOLDER
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../../../service/api/errors.ts';
import { DiffApplier } from '../../../service/delta/apply.ts';
import { memorySource } from '../../../service/delta/byte-source.ts';
import { formatNamed } from '../../../service/delta/formats.ts';
import { keepLittleSpare } from '../../../service/sys/spare-memory.ts';
import { withCost } from './child-cost.ts';
import { sha256Of } from './tree-files.ts';

const [what = '', folder = ''] = process.argv.slice(2);
const numbers = (list: string): string[] =>
  readFileSync(join(folder, list), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
const based = numbers('based');
const all = [...based, ...numbers('fresh')];
const hasBase = new Set(based);
const nothing = join(folder, 'nothing');
const oldOf = (number: string): string => (hasBase.has(number) ? join(folder, 'old', number) : nothing);

/** With the trial that `ripple diff` makes of what it made. */
function make(number: string): void {
  const format = formatNamed('ripple');
  const old = readFileSync(oldOf(number));
  const target = readFileSync(join(folder, 'new', number));
  const diff = format.encode(old, target);
  const parts: Buffer[] = [];
  format.decode(memorySource(old), memorySource(diff), (bytes) => parts.push(Buffer.from(bytes)), {
    maxNewBytes: target.length,
  });
  if (!Buffer.concat(parts).equals(target)) throw new RippleError('Internal', `diff ${number} does not give its file`);
  writeFileSync(join(folder, 'out', number), diff);
}

writeFileSync(nothing, '');
const expected = new Map(all.map((number) => [number, sha256Of(readFileSync(join(folder, 'new', number)))]));
keepLittleSpare();
await withCost(folder, async () => {
  if (what === 'make') {
    for (const number of all) make(number);
    return;
  }
  const applier = new DiffApplier();
  for (const number of all)
    await applier.apply({
      oldPath: oldOf(number),
      diffPath: join(folder, 'out', number),
      target: { path: join(folder, 'back', number) },
      expected: { sha256: expected.get(number) },
    });
  await applier.close();
});
