import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROJECT_ROOT } from '../../helpers/private-bus.ts';

/** Before compression: what an old laptop has to read and compile before it draws anything. */
const MOST_SCRIPT_BYTES = 120_000;

test('in every language the page has less than 120 kB of script', () => {
  const folder = join(PROJECT_ROOT, 'build', 'renderer-dist');
  const size = (name: string): number => statSync(join(folder, name)).size;
  const parts = readdirSync(folder).filter((name) => /^part-.*\.js$/.test(name));
  assert.ok(parts.length >= 11, 'each language but English is a file of its own');
  const app = readFileSync(join(folder, 'app.js'), 'utf8');
  assert.match(app, /import\("\.\/part-/, 'and loaded only where it is used');
  const largest = Math.max(...parts.map(size));
  assert.ok(app.length > 10_000 && size('app.js') + largest < MOST_SCRIPT_BYTES, `${size('app.js')} + ${largest}`);
});
