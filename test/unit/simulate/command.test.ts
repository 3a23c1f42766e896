import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ripple, rippleOk } from '../../helpers/ripple.ts';
import { tempFolder } from '../../helpers/temp.ts';

test('ripple simulate prints a table, JSON for programs, and a plot', async (t) => {
  const few = ['simulate', '--laptops', '5', '--megabytes', '5'];
  assert.match(await rippleOk(few), /neighbours with bundles .*100%/);
  const out = join(tempFolder(t), 'class.svg');
  const text = await rippleOk([...few, '--policy', 'rsync', '--json', '--out', out]);
  const result: unknown = JSON.parse(text);
  assert.ok(typeof result === 'object' && result !== null && 'runs' in result && Array.isArray(result.runs));
  assert.equal(result.runs.length, 1);
  assert.match(readFileSync(out, 'utf8'), /^<svg .*<\/svg>\n$/s);
});

test('what cannot be simulated is said in one line', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--laptops', '0'], /--laptops must be a whole number from 1 to 1000/],
    [['--school', '--country'], /only one of --school and --country/],
    [['--policy', 'magic'], /--policy must be server, rsync, neighbours, bundles/],
    [['--out', 'plot.png'], /--out must end in \.svg/],
    [['--laptops', '2', '--megabytes', '1', '--out', '/nowhere/plot.svg'], /\/nowhere\/plot\.svg/],
  ];
  for (const [args, words] of cases) {
    const { status, stdout, stderr } = await ripple(['simulate', ...args]);
    assert.ok(status === 1 || status === 2, `${args}: ${status}`);
    assert.equal(stdout, '');
    assert.match(stderr, /^ripple[^\n]*\n$/, `${args}`);
    assert.match(stderr, words);
  }
});
