/** `ripple adopt` cut short at each step, and where it cannot be: nothing is lost, and it says in one line why. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readBootConfig } from '../../service/deploy/boot-config.ts';
import { Layout } from '../../service/deploy/layout.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { parseManifest } from '../../service/image/manifest.ts';
import { lastFirst } from '../helpers/last-first.ts';
import { mountLoopDisk } from '../helpers/loop-disk.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { publishTrees } from '../helpers/published.ts';
import { type Ran, ripple } from '../helpers/ripple.ts';
import { tempFolder } from '../helpers/temp.ts';

const CALLS = ['rename', 'fsync', 'symlink', 'syncfs'];
/** No run makes more calls of one kind. */
const MOST_CALLS = 40;
const GRUB = ['boot/grub/custom.cfg', 'boot/grub/ripple.cfg'];
const MADE = ['rootfs', 'ripple', 'laptop', ...GRUB, ...GRUB.map((name) => `${name}.new`)];

const skip = process.getuid?.() !== 0 ? 'mounting needs root' : false;

/** The smallest system that can be adopted. */
function settle(disk: string, keyring: string): void {
  const files: Readonly<Record<string, string>> = {
    'usr/lib/os-release': 'ID=debian\n',
    'usr/bin/tool': 'a program\n',
    'etc/hostname': 'ana\n',
    'etc/motd': 'hello\n',
    'etc/ripple/ripple.toml': '',
    'home/ana/work.txt': 'my story\n',
    'var/lib/dpkg/status': '',
    'boot/grub/grub.cfg': '',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(disk, name, '..'), { recursive: true });
    writeFileSync(join(disk, name), text);
  }
  mkdirSync(join(disk, 'root'));
  copyFileSync(keyring, join(disk, 'etc/ripple/keyring.pgp'));
  cpSync(join(PROJECT_ROOT, 'assets/boot'), join(disk, 'usr/lib/ripple/boot'), { recursive: true });
}

function everything(disk: string): string {
  const made = MADE.flatMap((name) => ['-path', join(disk, name), '-prune', '-o']);
  const args = [disk, '-mindepth', '1', ...made, '-type', 'f', '-printf', '%P %i %s %T@ %C@\n'];
  return execFileSync('find', args, { encoding: 'utf8' }).split('\n').sort().join('\n');
}

function adopt(disk: string, kill?: { readonly call: string; readonly nth: number }): Promise<Ran> {
  const calls = kill && `?${kill.call},?${kill.call}at,?${kill.call}at2`;
  const inject = kill ? ['-e', `trace=${calls}`, '-e', `inject=${calls}:signal=KILL:when=${kill.nth}`] : [];
  return ripple(['adopt', '--root', disk, '--no-initramfs'], {
    prefix: kill ? ['strace', '-f', '-qq', '-o', '/dev/null', ...inject] : [],
  });
}

async function assertWhole(disk: string): Promise<void> {
  const layout = new Layout(disk);
  const config = readBootConfig(layout);
  assert.ok(config);
  const manifest = parseManifest(readFileSync(layout.manifest(config.current)));
  assert.deepEqual((await verifyDeployment(layout.deployment(config.current), manifest)).damaged, []);
  assert.ok(manifest.some(({ path }) => path === './usr/bin/tool'));
}

test('ripple adopt, cut short', { skip }, async (t) => {
  const end = lastFirst(t);
  const folder = tempFolder(end, 'ripple-adopt');
  const disk = join(folder, 'disk');
  const { keyring } = await publishTrees(join(folder, 'published'), []);
  mountLoopDisk(end, { image: join(folder, 'image'), mountPoint: disk, megabytes: 48 });
  settle(disk, keyring);
  const before = everything(disk);
  let kills = 0;
  for (const call of CALLS) {
    await t.test(`killed at each ${call}: the old system is as it was, and the next run comes to the end`, async () => {
      for (let nth = 1; nth <= MOST_CALLS; nth++) {
        const cut = await adopt(disk, { call, nth });
        assert.equal(everything(disk), before);
        // Nobody ever finds a pointer to something that is not whole.
        if (existsSync(join(disk, 'rootfs/boot'))) await assertWhole(disk);
        if (cut.status === 0) break;
        kills++;
        assert.ok(nth < MOST_CALLS, cut.stderr);
        const again = await adopt(disk);
        assert.ok(again.status === 0 || /is adopted already/.test(again.stderr), again.stderr);
        await assertWhole(disk);
        assert.ok(existsSync(join(disk, 'boot/grub/custom.cfg')));
        assert.equal(readFileSync(join(disk, 'laptop/etc/hostname'), 'utf8'), 'ana\n');
        for (const name of MADE) rmSync(join(disk, name), { recursive: true, force: true });
      }
      for (const name of MADE) rmSync(join(disk, name), { recursive: true, force: true });
    });
  }
  t.diagnostic(`${kills} kills`);
  assert.ok(kills > 15);

  const refused = async (why: RegExp, args: readonly string[] = ['--root', disk]): Promise<void> => {
    const ran = await ripple(['adopt', ...args]);
    assert.equal(ran.status, 1, ran.stdout);
    assert.match(ran.stderr, why);
    assert.equal(ran.stderr.trim().split('\n').length, 1);
    assert.equal(existsSync(join(disk, 'rootfs/boot')), false);
  };

  await t.test('what is no disk of its own, has a separate /usr, no keyring or no room, is told so', async () => {
    await refused(/is not where a file system is mounted/, ['--root', folder]);
    execFileSync('mount', ['--bind', join(disk, 'usr'), join(disk, 'usr')]);
    await refused(/\/usr is a file system of its own/);
    execFileSync('umount', [join(disk, 'usr')]);
    rmSync(join(disk, 'etc/ripple/keyring.pgp'));
    await refused(/there is no keyring .*--keyring FILE/);
    await refused(/hostname is no keyring/, ['--root', disk, '--keyring', join(disk, 'etc/hostname')]);
    execFileSync('fallocate', ['-l', '20M', join(disk, 'usr/large')]);
    const full = ['--root', disk, '--no-initramfs', '--keyring', keyring];
    await refused(/not enough room on .*: [0-9]+ bytes needed, [0-9]+ free/, full);
    rmSync(join(disk, 'usr/lib/ripple'), { recursive: true });
    await refused(/has no Ripple, .*install its package there/);
  });
});
