import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../helpers/private-bus.ts';

const run = promisify(execFile);
const CHANGER = join(PROJECT_ROOT, 'build/test/helpers/changed-module.js');

/** What `ripple simulate` prints, with one decision of the daemon changed. */
async function simulated(args: readonly string[], change: readonly string[]): Promise<string> {
  const all = [
    '--import',
    CHANGER,
    join(PROJECT_ROOT, 'bin/ripple'),
    'simulate',
    '--json',
    '--megabytes',
    '10',
    ...args,
  ];
  const env = { ...process.env, RIPPLE_CHANGED: JSON.stringify(change) };
  return (await run(process.execPath, all, { env })).stdout;
}

const NEIGHBOURS = ['--laptops', '6', '--wired', '--policy', 'neighbours'];
const BUNDLES = ['--laptops', '6', '--wired', '--policy', 'bundles'];
const SCHOOL = ['--school', '--laptops', '12', '--policy', 'rsync'];

/** Each decision of the daemon, and another one in its place. */
const CHANGES: readonly (readonly [what: string, args: readonly string[], change: readonly string[]])[] = [
  [
    'whose it is to ask the server',
    NEIGHBOURS,
    [
      'core/server-share.js',
      'export function isOursToAsk(',
      'export function isOursToAsk() { return true; } function _(',
    ],
  ],
  ['the partners', NEIGHBOURS, ['fetch/partner-book.js', 'MOST_PARTNERS = 8', 'MOST_PARTNERS = 1']],
  ['the source', NEIGHBOURS, ['core/source-choice.js', 'peer: 0', 'peer: 3']],
  ['the order of blobs', NEIGHBOURS, ['fetch/blob-queue.js', 'LARGE_BYTES = 1024 * 1024', 'LARGE_BYTES = 1024']],
  [
    'the way',
    BUNDLES,
    [
      'core/way.js',
      'export function nextWay(known) {',
      'export function nextWay(known) { known = { ...known, bundle: "over" };',
    ],
  ],
  ['when to look', NEIGHBOURS, ['core/look-rules.js', 'SETTLE_MS = 1500', 'SETTLE_MS = 2500']],
  ['who repeats a wake-up', NEIGHBOURS, ['core/wake-rules.js', 'ENOUGH_HEARD = 3', 'ENOUGH_HEARD = 1']],
  ['when a laptop may fetch', SCHOOL, ['core/fetch-policy.js', 'chargePercent < floorPercent', 'chargePercent < 99']],
];

test("another decision of the daemon's own code is another result of the simulation", async (t) => {
  const same = ['', '', ''];
  const usual = new Map<readonly string[], string>();
  for (const args of [NEIGHBOURS, BUNDLES, SCHOOL]) usual.set(args, await simulated(args, same));
  assert.equal(await simulated(NEIGHBOURS, same), usual.get(NEIGHBOURS));
  for (const [what, args, change] of CHANGES)
    await t.test(what, async () =>
      assert.ok((await simulated(args, change)) !== usual.get(args), 'nothing came of it'),
    );
});
