/** A card with a real file system, and the real UDisks2, which sees it mounted and unmounted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { publishTrees, TestLaptop } from '../helpers/published.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { makeSeededTrees } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';
import { udisksPolicy } from '../helpers/udisks.ts';
import { Udisksd, udisksdMissing } from '../helpers/udisksd.ts';
import { until } from '../helpers/until.ts';

test('the real UDisks2 tells of a mounted card, whose version is offered, got, and gone after umount', {
  skip: udisksdMissing,
}, async (t) => {
  const folder = tempFolder(t, 'udisksd');
  const trees = makeSeededTrees(folder, 9, { smallFiles: 20, largeFiles: 1, largeBytes: 150_000, changedOneIn: 2 });
  const published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
  ]);
  const [content, image, mount] = [join(folder, 'content'), join(folder, 'image'), join(folder, 'card')];
  mkdirSync(content);
  mkdirSync(mount);
  await rippleOk(['usb', 'export', content, '--repo', published.repository]);
  writeFileSync(image, '');
  truncateSync(image, 24 << 20);
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', content, image]);

  const laptop = await TestLaptop.make(t, {
    folder: join(folder, 'laptop'),
    published,
    busPolicies: [udisksPolicy(folder)],
  });
  const udisks = await Udisksd.start(t, laptop.bus.address, image);
  // Where the card is mounted, as a unit with MountFlags=slave is.
  const running = laptop.hardware({ prefix: udisks.prefix });
  await running.start();
  assert.equal((await laptop.status()).state, 'idle');
  udisks.mount(mount);
  await until(async () => (await laptop.status()).state === 'available');
  assert.deepEqual((await laptop.status()).versions[0]?.sources, [mount]);
  await laptop.ok('get', '7');
  await until(async () => (await laptop.status()).stagedVersion === 7);
  laptop.assertTree(published, 7);
  // The daemon holds nothing open that would make it busy.
  udisks.unmount(mount);
  await until(async () => (await laptop.status()).versions[0]?.sources.length === 0);
  assert.match(readFileSync(running.logFile, 'utf8'), /a stick was pulled out/);
});
