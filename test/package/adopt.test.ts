/** `ripple adopt` on a disk with a real Debian: what becomes the version, what stays the laptop's, what comes after it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseManifest } from '../../service/image/manifest.ts';
import { debianTrees, debianTreesMissing } from '../helpers/debian-trees.ts';
import { lastFirst } from '../helpers/last-first.ts';
import { mountLoopDisk } from '../helpers/loop-disk.ts';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { publishTree, publishTrees, TestLaptop } from '../helpers/published.ts';
import { ripple, rippleOk } from '../helpers/ripple.ts';
import { tempFolder } from '../helpers/temp.ts';

const ASSETS = join(PROJECT_ROOT, 'assets');

/** An owner's own on the disk: names, keys, people, work, a disk of data, a kernel. */
function settle(disk: string, keyring: string): void {
  cpSync(join(ASSETS, 'boot'), join(disk, 'usr/lib/ripple/boot'), { recursive: true });
  const files: Readonly<Record<string, string>> = {
    'etc/ripple/ripple.toml': '',
    'etc/ripple/keyring.pgp': '',
    'etc/hostname': 'ana\n',
    'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
    'etc/ssh/ssh_host_ed25519_key': 'secret\n',
    'etc/fstab': 'UUID=1 / ext4 errors=remount-ro 0 1\n/swapfile none swap sw 0 0\nUUID=2 /data ext4 nofail 0 2\n',
    'home/ana/work.txt': 'my story\n',
    'var/log/own.log': 'kept\n',
    'data/pictures': '',
    swapfile: '',
    'boot/vmlinuz-6.1': 'kernel\n',
    'boot/grub/grub.cfg': '# of the old system\n',
    'usr/sbin/update-initramfs': '#!/bin/sh\ntest "$*" = "-u -k all" && echo with the hook >/boot/initrd.img-6.1\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(disk, name, '..'), { recursive: true });
    writeFileSync(join(disk, name), text, { mode: name.includes('sbin') ? 0o755 : 0o644 });
  }
  cpSync(keyring, join(disk, 'etc/ripple/keyring.pgp'));
  appendFileSync(join(disk, 'etc/bash.bashrc'), 'alias ll="ls -l"\n');
  symlinkSync('boot/vmlinuz-6.1', join(disk, 'vmlinuz'));
  symlinkSync('boot/initrd.img-6.1', join(disk, 'initrd.img'));
}

/** Everything on the disk: path, inode, size, mode, time; but /boot and its folder for GRUB, which get a file more. */
function system(disk: string): string[] {
  const grown = ['boot', 'boot/grub'].flatMap((name) => ['!', '-path', join(disk, name)]);
  return listed('find', [disk, '-mindepth', '1', ...grown, '-printf', '%P %i %s %m %T@\n']);
}

function listed(command: string, args: readonly string[]): string[] {
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 })
    .split('\n')
    .filter((line) => line !== '');
}

/** Lines that are no longer there. */
function lost(before: readonly string[], now: readonly string[]): string[] {
  const here = new Set(now);
  return before.filter((line) => !here.has(line));
}

function inodes(folder: string): Set<string> {
  return new Set(listed('find', [folder, '-xdev', '-type', 'f', '-printf', '%i\n']));
}

test('ripple adopt', { skip: debianTreesMissing }, async (t) => {
  const end = lastFirst(t);
  const folder = tempFolder(end, 'ripple-adopt');
  const { older } = debianTrees((line) => t.diagnostic(line));
  const disk = join(folder, 'laptop', 'sysroot');
  const published = await publishTrees(join(folder, 'published'), []);
  mountLoopDisk(end, { image: join(folder, 'disk'), mountPoint: disk, megabytes: 1000, content: older });
  settle(disk, published.keyring);
  const before = system(disk);
  const version = join(disk, 'rootfs/xo.1');
  let config = '';

  await t.test('a dry run tells what would be and leaves nothing', async () => {
    const told = await rippleOk(['adopt', '--root', disk, '--dry-run']);
    assert.match(
      told,
      /^Would become xo\.1: [0-9]+ entries, [0-9.]+ MB copied; [0-9]+ files of \/etc are the laptop's own\.\n/,
    );
    assert.match(told, /In no version, found below \/sysroot: \/data, \/swapfile\n/);
    assert.equal(existsSync(join(disk, 'rootfs')) || existsSync(join(disk, 'ripple')), false);
    assert.deepEqual(lost(before, system(disk)), []);
  });

  await t.test(
    'the version is the system, byte for byte, and shares no inode with what is still written to',
    async () => {
      const told = JSON.parse((await rippleOk(['adopt', '--root', disk, '--json'])).split('\n').at(-2) ?? '');
      assert.deepEqual(told.kernels, ['6.1']);
      assert.match(readFileSync(told.grub, 'utf8'), /configfile \$config_directory\/ripple\.cfg/);
      assert.doesNotMatch(readFileSync(join(disk, 'boot/grub/ripple.cfg'), 'utf8'), /=SYSROOT-UUID/);
      assert.deepEqual(lost(before, system(disk)), []);
      const judged = spawnSync('mtree', ['-f', join(disk, 'ripple/manifests/xo.1'), '-p', version], {
        encoding: 'utf8',
      });
      assert.equal(judged.stdout + judged.stderr, '');
      assert.equal(readFileSync(join(version, 'initrd.img'), 'utf8'), 'with the hook\n');
      const outside = inodes(join(disk, 'usr'));
      for (const inode of inodes(version)) assert.ok(!outside.has(inode));
      appendFileSync(join(disk, 'usr/bin/ldd'), '# changed in place\n');
      assert.doesNotMatch(readFileSync(join(version, 'usr/bin/ldd'), 'utf8'), /changed in place/);
    },
  );

  await t.test("what is the laptop's own is in no version", () => {
    const inVersion = new Set(parseManifest(readFileSync(join(disk, 'ripple/manifests/xo.1'))).map(({ path }) => path));
    for (const own of [
      'etc/hostname',
      'etc/machine-id',
      'etc/ssh/ssh_host_ed25519_key',
      'etc/shadow',
      'etc/bash.bashrc',
    ]) {
      assert.ok(!inVersion.has(`./${own}`), own);
      assert.ok(existsSync(join(disk, 'laptop', own)), own);
    }
    for (const path of ['./home/ana', './var/log', './data/pictures', './rootfs', './ripple', './laptop', './swapfile'])
      assert.ok(!inVersion.has(path), path);
    for (const path of ['./data', './sysroot', './proc', './var/lib/dpkg/status', './etc/os-release'])
      assert.ok(inVersion.has(path), path);
    assert.equal(
      lstatSync(join(disk, 'laptop/etc/shadow')).mode & 0o777,
      lstatSync(join(disk, 'etc/shadow')).mode & 0o777,
    );
    const fstab = readFileSync(join(disk, 'laptop/etc/fstab'), 'utf8').split('\n');
    assert.deepEqual(
      fstab.map((line) => line.startsWith('#')),
      [true, true, false, false],
    );
  });

  await t.test('the boot script finds it, and the initramfs makes a running system of it: nothing was lost', () => {
    const made = `mount --bind "$1" "$1" && mkdir -p "$2" && . "$3/boot/ripple-boot" && . "$3/boot/ripple-root"
      tree=$(ripple_boot --sysroot "$1" --run "$4") && [ "$tree" = "$1/rootfs/xo.1" ]
      ripple_compose "$1" "$tree" "$2"
      cat "$2/etc/hostname" "$2/home/ana/work.txt" "$2/var/log/own.log" "$2/sysroot/data/pictures"
      tail -n 1 "$2/etc/bash.bashrc"
      chroot "$2" dpkg-query -W -f '\${Status}\\n' bash
      if true 2>/dev/null >>"$2/usr/bin/ldd"; then echo writable; fi`;
    const args = ['--mount', 'sh', '-euc', made, 'sh', disk, join(folder, 'new'), ASSETS, join(folder, 'run')];
    const ran = spawnSync('unshare', args, { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(ran.stdout, 'ana\nmy story\nkept\nalias ll="ls -l"\ninstall ok installed\n');
  });

  await t.test('adopting again is refused', async () => {
    const again = await ripple(['adopt', '--root', disk]);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /is adopted already/);
  });

  await t.test('the first update shares with it what is equal; it is never given to anybody', async () => {
    const next = join(folder, 'next');
    execFileSync('cp', ['-a', version, next]);
    writeFileSync(join(next, 'usr/lib/new-in-2'), 'new\n');
    rmSync(join(next, 'usr/share/bug'), { recursive: true, force: true });
    await publishTree(published, 2, next);
    const laptop = await TestLaptop.empty(end, {
      folder: join(folder, 'laptop'),
      published,
      config: { origins: [await serve(end, published.repository)] },
    });
    await laptop.virtual.start();
    await laptop.ok('check');
    await laptop.ok('get', '2');
    laptop.assertTree(published, 2);
    const [first, second] = [inodes(version), inodes(join(disk, 'rootfs/xo.2'))];
    const fresh = [...second].filter((inode) => !first.has(inode));
    assert.equal(fresh.length, 1, 'only the new file is a new inode');
    assert.equal((await fetch(`${laptop.virtual.url}/images/xo/2.pgp`)).status, 200);
    assert.equal((await fetch(`${laptop.virtual.url}/images/xo/1.pgp`)).status, 404);
    await laptop.ok('verify');
    await laptop.ok('accept', '2');
    await laptop.virtual.restart();
    assert.deepEqual([(await laptop.status()).bootedVersion, (await laptop.status()).previousVersion], [2, 1]);
    await laptop.virtual.stop();
    config = laptop.virtual.configFile;
  });

  await t.test('--finish tells what is left of the old system, and deletes it only with --yes', async () => {
    const there = system(disk);
    const told = await rippleOk(['adopt', '--finish', '--config', config]);
    assert.match(told, /^usr +[0-9.]+ MB$/m);
    assert.match(told, /^boot\/vmlinuz-6\.1 /m);
    assert.match(told, /Nothing was deleted\. .* free up to [0-9.]+ MB: ripple adopt --finish --yes/);
    assert.deepEqual(lost(there, system(disk)), []);
    const free = (): number => Number(listed('stat', ['-f', '-c', '%f', disk])[0]);
    const before = free();
    // As it is on a laptop that runs.
    execFileSync('mount', ['-o', 'remount,bind,ro', disk]);
    const done = JSON.parse(await rippleOk(['adopt', '--finish', '--yes', '--json', '--config', config]));
    assert.throws(() => writeFileSync(join(disk, 'new'), ''), { code: 'EROFS' }, 'for others it stays read-only');
    execFileSync('mount', ['-o', 'remount,bind,rw', disk]);
    assert.ok(done.freedBytes > 100e6);
    assert.ok((free() - before) * 4096 > 0.9 * done.freedBytes);
  });

  await t.test('the versions and everything of the person are still there, and GRUB knows nothing else', async () => {
    const left = listed('ls', ['-A', disk]);
    const kept = ['boot', 'data', 'home', 'laptop', 'lost+found', 'media', 'mnt', 'ripple', 'root', 'rootfs', 'srv'];
    assert.deepEqual(left.sort(), [...kept, 'swapfile', 'var'].sort());
    assert.deepEqual(listed('ls', [join(disk, 'boot')]), ['grub']);
    for (const name of ['xo.1', 'xo.2']) {
      const args = ['-f', join(disk, 'ripple/manifests', name), '-p', join(disk, 'rootfs', name)];
      assert.equal(spawnSync('mtree', args, { encoding: 'utf8' }).stdout, '', name);
    }
    assert.equal(readFileSync(join(disk, 'laptop/home/ana/work.txt'), 'utf8'), 'my story\n');
    assert.equal(readFileSync(join(disk, 'laptop/var/log/own.log'), 'utf8'), 'kept\n');
    assert.equal(readFileSync(join(disk, 'laptop/etc/hostname'), 'utf8'), 'ana\n');
    const grub = join(disk, 'boot/grub');
    assert.match(readFileSync(join(grub, 'grub.cfg'), 'utf8'), /rootfs\/boot\/\$first\/vmlinuz/);
    assert.equal(existsSync(join(grub, 'custom.cfg')), false);
    assert.match(await rippleOk(['adopt', '--finish', '--config', config]), /^Nothing is left of the old system\.$/m);
  });
});

async function serve(t: { after(work: () => void): void }, repository: string): Promise<string> {
  const { startShareServer } = await import('../../service/share/server.ts');
  const { FolderContent } = await import('../../service/store/folder-content.ts');
  const { silentLogger } = await import('../helpers/blobs.ts');
  const server = await startShareServer({
    host: ['127.0.0.1'],
    port: 0,
    content: new FolderContent(repository),
    slots: 8,
    retryAfterSeconds: 1,
    logger: silentLogger,
  });
  t.after(() => void server.close());
  return server.url;
}
