/** `ripple gc` tells why everything on the disk is there, and removes what may go, nothing else. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockSysroot } from '../../service/daemon/sysroot-lock.ts';
import { choose } from '../../service/deploy/boot-config.ts';
import { Layout } from '../../service/deploy/layout.ts';
import { type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { ripple, rippleOk } from '../helpers/ripple.ts';
import { makeSeededTrees, SMALL_SIZE } from '../helpers/seeded-trees.ts';
import { xo } from '../helpers/sysroot.ts';
import { tempFolder } from '../helpers/temp.ts';

interface Told {
  readonly freedBytes: number;
  readonly items: readonly {
    name: string;
    roles: readonly string[];
    isKept: boolean;
    reason: string;
    sizeBytes: number;
  }[];
}

test('every version is told with its roles and the reason; what may go goes, and frees what was said', async (t) => {
  const folder = tempFolder(t, 'gc');
  const trees = makeSeededTrees(folder, 4, SMALL_SIZE);
  for (const version of [8, 9]) {
    cpSync(trees.newer, join(folder, `tree-${version}`), { recursive: true, preserveTimestamps: true });
    writeFileSync(join(folder, `tree-${version}/etc/version`), `${version}\n`);
  }
  const published: Published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
    [8, join(folder, 'tree-8')],
    [9, join(folder, 'tree-9')],
  ]);
  const laptop = await TestLaptop.make(t, { folder: join(folder, 'laptop'), published });
  const layout = new Layout(laptop.virtual.sysroot);
  for (const version of [7, 8]) await laptop.install(published, version);
  const config = join(folder, 'ripple.toml');
  const marker = join(folder, 'booted');
  writeFileSync(marker, 'deployment=xo.8\nreason=normal\nconfig=3\n');
  writeFileSync(config, `sysroot = "${layout.sysroot}"\nboot.marker = "${marker}"\n`);
  mkdirSync(layout.partial(xo(9)));
  writeFileSync(join(layout.partial(xo(9)), 'half'), Buffer.alloc(8192, 1));
  writeFileSync(join(layout.blobs, `${'a'.repeat(64)}.part`), Buffer.alloc(4096, 1));

  const dry: Told = JSON.parse(await rippleOk(['gc', '--config', config, '--dry-run', '--json']));
  assert.deepEqual(
    dry.items.map(({ name, roles, isKept }) => `${name} ${roles.join('+')} ${isKept ? 'kept' : 'goes'}`),
    [
      'xo.6  goes',
      'xo.7 previous kept',
      'xo.8 booted+current kept',
      'rootfs/config.1  goes',
      'rootfs/config.2  goes',
      'rootfs/xo.9.partial  goes',
      'downloads  goes',
    ],
  );
  assert.ok(dry.items.every(({ reason }) => reason !== ''));
  assert.ok(existsSync(layout.deployment(xo(6))), 'nothing happened');
  const table = await rippleOk(['gc', '--config', config, '--dry-run']);
  assert.match(table, /xo\.6 +- +would go +[\d.]+ kB +a newer version runs/);
  assert.match(table, /xo\.8 +booted, current +kept +- +it runs now/);

  const lock = lockSysroot(layout);
  assert.ok(lock > 0);
  const refused = await ripple(['gc', '--config', config]);
  assert.match(refused.stderr, /another daemon works on .*: stop it first/);
  rmSync(layout.lock);

  const freeBytes = (): number => statfsSync(layout.sysroot).bavail;
  assert.ok(freeBytes() > 0);
  const told: Told = JSON.parse(await rippleOk(['gc', '--config', config, '--json']));
  assert.equal(told.freedBytes, dry.freedBytes);
  assert.ok(told.freedBytes > 100_000);
  assert.deepEqual(readdirSync(layout.rootfs), ['boot', 'config.3', 'current', 'previous', 'xo.7', 'xo.8']);
  assert.deepEqual(readdirSync(layout.manifests), ['xo.7', 'xo.8']);
  assert.deepEqual(readdirSync(layout.releases), ['xo.7.pgp', 'xo.8.pgp']);
  for (const version of [7, 8]) laptop.assertTree(published, version);
  assert.match(await rippleOk(['gc', '--config', config]), /0 B freed/);
});

test('while the chosen version has not shown that it works, and while one is being got, nothing of them goes', async (t) => {
  const folder = tempFolder(t, 'gc');
  const trees = makeSeededTrees(folder, 5, SMALL_SIZE);
  const published = await publishTrees(folder, [
    [6, trees.older],
    [7, trees.newer],
  ]);
  const laptop = await TestLaptop.make(t, { folder: join(folder, 'laptop'), published });
  const layout = new Layout(laptop.virtual.sysroot);
  await laptop.install(published, 7);
  choose(layout, { current: xo(7), tries: 3 });
  const config = join(folder, 'ripple.toml');
  writeFileSync(config, `sysroot = "${layout.sysroot}"\nboot.marker = "${join(folder, 'booted')}"\n`);
  writeFileSync(layout.stateFile, '{"goal":8}');
  writeFileSync(join(layout.blobs, `${'b'.repeat(64)}.part`), 'came');
  const told: Told = JSON.parse(await rippleOk(['gc', '--config', config, '--json']));
  assert.deepEqual(
    told.items.map(({ name, isKept, reason }) => [name, isKept, reason]),
    [
      ['xo.6', true, 'the chosen version has not shown yet that it works'],
      ['xo.7', true, 'it is chosen for the next start'],
      ['rootfs/config.1', false, 'a former choice'],
      ['rootfs/config.2', false, 'a former choice'],
      ['downloads', true, 'version 8 is being got'],
    ],
  );
  assert.ok(existsSync(layout.deployment(xo(6))) && existsSync(join(layout.blobs, `${'b'.repeat(64)}.part`)));
});
