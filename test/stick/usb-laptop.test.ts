/** `ripple usb` on a laptop, by its daemon: from a stick and to one, and what may be wrong with it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { freePort } from '../helpers/free-port.ts';
import { publishTrees, TestLaptop } from '../helpers/published.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { tempFolder } from '../helpers/temp.ts';
import { blobs, importArgs, makeSticks, type Sticks } from '../helpers/usb-stick.ts';

let sticks: Sticks;

before(async () => {
  sticks = await makeSticks();
});

test('a laptop gets a version from the stick through its daemon; another one exports what it runs', async (t) => {
  const first = await TestLaptop.make(t, { published: sticks.published, folder: join(tempFolder(t), 'a') });
  await first.virtual.start();
  const told = await first.ok('usb', 'import', sticks.master, '--config', first.virtual.configFile);
  assert.match(told, /Version 7 is here and checked; you can unplug the stick/);
  first.assertTree(sticks.published, 7);
  await first.ok('accept', '7');
  await first.virtual.stop();

  const port = await freePort();
  const running = first.hardware({ config: { 'share.port': port } });
  await running.start();
  const stick = tempFolder(t, 'stick');
  assert.match(await first.ok('usb', 'export', stick, '--config', running.configFile), /You can unplug it/);
  assert.deepEqual(
    blobs(stick)
      .map((path) => path.slice(-64))
      .sort(),
    blobs(sticks.master)
      .map((path) => path.slice(-64))
      .sort(),
  );
  await rippleOk(importArgs(sticks, stick, join(tempFolder(t), 'school')));
});

test('a laptop is told what is wrong with a forged stick', async (t) => {
  const other = await publishTrees(join(tempFolder(t), 'forger'), [[8, join(sticks.folder, 'tree-7')]]);
  const laptop = await TestLaptop.make(t, { published: sticks.published, folder: join(tempFolder(t), 'b') });
  await laptop.virtual.start();
  const ran = await laptop.run('usb', 'import', other.repository, '--config', laptop.virtual.configFile);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^ripple usb: .*not in the keyring.*\n$/);
});

test('the daemon asks no other address because a caller wants it', async (t) => {
  const laptop = await TestLaptop.make(t, { published: sticks.published, folder: join(tempFolder(t), 'c') });
  await laptop.virtual.start();
  for (const origin of ['http://192.0.2.1:80', 'http://127.0.0.1:80/path', 'http://127.0.0.1:99999', 'file:///etc'])
    assert.throws(
      () =>
        execFileSync(
          'busctl',
          [
            `--address=${laptop.bus.address}`,
            'call',
            'org.laptop.Ripple1',
            '/org/laptop/Ripple1',
            'org.laptop.Ripple1.Updater',
            'Check',
            'a{sv}',
            '1',
            'origin',
            's',
            origin,
          ],
          { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
        ),
      /give http:\/\/127\.0\.0\.1:PORT/,
      origin,
    );
});
