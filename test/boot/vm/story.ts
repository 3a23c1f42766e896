/** One laptop's life, as it is told in the description of the boot: each step leaves it where the next begins. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BootLaptop } from './laptop.ts';
import { assertRunningTree, leaveOwnFiles, ownFilesAreThere } from './running-tree.ts';
import { kernelOf, type World } from './world.ts';

export interface Chapter {
  readonly title: string;
  run(laptop: BootLaptop, world: World): Promise<void>;
}

async function trusted(laptop: BootLaptop): Promise<string> {
  return (await laptop.machine.ok('cat /run/ripple/booted')).trim();
}

function destroy(tree: string): void {
  for (const gone of ['usr/lib/systemd', 'usr/bin', 'boot']) rmSync(join(tree, gone), { recursive: true, force: true });
}

/** Its only version is destroyed and no server is near: someone plugs a stick in. The laptop must be off. */
export async function rescuedByStick(laptop: BootLaptop, stick: string): Promise<void> {
  laptop.mounted((root) => destroy(join(root, 'rootfs/xo.6')));
  laptop.plug(stick);
  const machine = await laptop.start();
  assert.equal(laptop.loaded.at(-1), 'rescue');
  await machine.seen('fetching version 7 from /run/ripple/rescue/stick');
  await machine.seen('version 7 is here', 900_000);
  // The kernel of the rescue suits it: it goes on in the same start.
  assert.equal(await laptop.untilUp(1), 1);
  assert.equal(await laptop.version(), 7);
  await laptop.untilBlessed();
  await laptop.off();
}

export const STORY: readonly Chapter[] = [
  {
    title: 'version 6 starts; the system cannot be written to, /etc, /var and /home can',
    async run(laptop) {
      await laptop.untilUp(1);
      assert.equal(await laptop.version(), 6);
      await assertRunningTree(laptop.machine, 6);
      await leaveOwnFiles(laptop.machine);
    },
  },
  {
    title: 'it finds 7 at the school server, fetches it, restarts into it, and blesses it',
    async run(laptop) {
      await laptop.updateTo(7);
      assert.equal(await laptop.untilUp(1), 1);
      assert.equal(await laptop.version(), 7);
      await laptop.untilBlessed();
      assert.match(await trusted(laptop), /^deployment=xo\.7\nreason=normal\n/);
      assert.equal(await laptop.property('PreviousVersion'), '6');
      assert.equal(await laptop.machine.ok('cat /usr/share/test/version'), '7\n');
    },
  },
  {
    title: 'what the laptop had changed is still there, and what hides a change of 7 is told',
    async run(laptop) {
      await ownFilesAreThere(laptop.machine);
    },
  },
  {
    title: 'an init that dies: the tries are used up, it is back on 7, and D-Bus tells why',
    async run(laptop, { school, stick }) {
      await stick;
      await school.publish(8);
      await laptop.updateTo(8);
      // Each start of 8 ends with a panic; what runs after the last try is 7.
      const starts = await laptop.untilUp(5);
      assert.equal(starts, 4, 'three tries, and then the previous version');
      assert.equal(await laptop.version(), 7);
      assert.match(await trusted(laptop), /reason=tries-used-up\nconfig=\d+\nfrom=xo\.8$/);
      assert.match(await laptop.property('LastError'), /RolledBack .*version 8 did not work here .*back on version 7/);
      const heard = await laptop.machine.ok('cat /run/monitor');
      assert.match(heard, /"member":"RolledBack".*"data":\[8,7,"it did not start"\]/);
      assert.equal(await laptop.property('CurrentVersion'), '7');
      await laptop.call('Check', 'a{sv} 0');
      await laptop.untilOneOf('State', ['idle']);
    },
  },
  {
    title: 'a version with another kernel starts on that',
    async run(laptop, { school, nine }) {
      await nine;
      await school.publish(9);
      await laptop.updateTo(9);
      // One start more when the boot loader still saw the choice before.
      await laptop.untilUp(2);
      assert.equal(await laptop.version(), 9);
      await laptop.untilBlessed();
      assert.equal((await laptop.machine.ok('uname -r')).trim(), kernelOf(school.tree(9)));
      assert.notEqual(kernelOf(school.tree(9)), kernelOf(school.tree(7)));
    },
  },
  {
    title: 'ESC: the previous version, with the kernel of that; the next start is the current one again',
    async run(laptop, { school }) {
      await laptop.machine.run('sync');
      await laptop.off();
      // A boot loader reads what the journal has not carried over yet as it was: here it is to see the choice of 9.
      laptop.mounted(() => undefined);
      const machine = await laptop.start();
      assert.deepEqual(laptop.loaded.at(-1), 'xo.9');
      // A key that is held repeats.
      await machine.seen('/dev/vda: clean');
      const held = setInterval(() => machine.type('\x1b'), 100);
      await machine.seen('ripple: xo.').finally(() => clearInterval(held));
      // Its kernel is another one: the machine restarts for the boot loader to load that.
      await machine.ends();
      assert.match(machine.console, /ripple: xo\.7 needs its own kernel/);
      assert.equal(await laptop.untilUp(1), 1);
      assert.equal(await laptop.version(), 7);
      assert.match(await trusted(laptop), /reason=key-held/);
      assert.equal((await laptop.machine.ok('uname -r')).trim(), kernelOf(school.tree(7)));
      await laptop.off();
    },
  },
  {
    title: 'both versions destroyed: the rescue fetches one from the school server, and it starts',
    async run(laptop, { school }) {
      laptop.mounted((root) => {
        for (const version of [7, 9]) destroy(join(root, `rootfs/xo.${version}`));
      });
      const machine = await laptop.start(`ripple.rescue=${school.origin}`);
      assert.equal(laptop.loaded.at(-1), 'rescue');
      await machine.seen('nothing on this laptop can be started');
      await machine.seen('version 9 is here', 900_000);
      // The kernel of the rescue is that of 7.
      await machine.ends();
      assert.equal(await laptop.untilUp(1), 1);
      assert.equal(await laptop.version(), 9);
      await laptop.untilBlessed();
      await laptop.off();
    },
  },
];
