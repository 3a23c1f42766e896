/** What a laptop gives of a version that it has and has not started yet: as a relay, or nothing, as its configuration says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serve } from '../helpers/blobs.ts';
import { manifestOf, TestLaptop } from '../helpers/published.ts';
import { publishSeries } from '../helpers/school.ts';
import { tempFolder } from '../helpers/temp.ts';
import { until } from '../helpers/until.ts';

test('a staged version is given on at once, unless the configuration wants it to have started first', async (t) => {
  const folder = tempFolder(t, 'relay');
  const published = await publishSeries(folder, 7);
  const site = await serve(t, published.repository);
  const hashes = (version: number): string[] =>
    [...readFileSync(manifestOf(published, version), 'latin1').matchAll(/sha256=([0-9a-f]{64})/g)].map(
      ([, one = '']) => one,
    );
  const [fresh] = hashes(7).filter((sha256) => !hashes(6).includes(sha256));
  const laptop = async (name: string, staged: boolean): Promise<TestLaptop> => {
    const config = { origins: [site.url], 'share.staged': staged };
    const one = await TestLaptop.make(t, { folder: join(folder, name), published, config });
    await one.virtual.start();
    await one.ok('get', '7');
    await until(async () => (await one.status()).stagedVersion === 7);
    return one;
  };
  const [relay, careful] = await Promise.all([laptop('relay', true), laptop('careful', false)]);
  const given = async ({ virtual: { url } }: TestLaptop): Promise<number[]> =>
    Promise.all([`blobs/${fresh}`, 'images/xo/6.pgp'].map(async (path) => (await fetch(`${url}/${path}`)).status));
  await until(async () => (await given(relay))[0] === 200);
  assert.deepEqual(await given(careful), [404, 200], 'it gives what it runs');
  // Chosen and not started is not enough either.
  await careful.ok('accept', '7', '--when', 'next-boot');
  assert.deepEqual(await given(careful), [404, 200]);
  await careful.virtual.restart();
  assert.equal((await careful.status()).bootedVersion, 7);
  assert.equal((await given(careful))[0], 200);
});
