/** `assets/boot/grub.cfg` in a real GRUB on a real ext4: which kernel it would load. The kernel itself is not started. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';
import { tempFolder } from '../helpers/temp.ts';

const GRUB = '/usr/lib/grub/i386-pc';
const MODULES = 'biosdisk ext2 search search_fs_uuid normal configfile test echo serial terminal halt minicmd sleep';
/** GRUB has no commands of these names here, so functions take their place and tell. */
const TELLING = `serial --unit=0
terminal_output serial
terminal_input serial
function linux {
  echo "LINUX $1"
  for word in $3 $4 $5 $6 $7; do
    echo "WORD $word"
  done
}
function initrd { echo "INITRD $1"; sleep 1; halt; }
source (hd0)/grub/grub.cfg
`;

const missing = ['/usr/bin/grub-mkimage', join(GRUB, 'lnxboot.img'), '/usr/bin/qemu-system-x86_64'].find(
  (file) => !existsSync(file),
);

/** Versions 7 and 6, current and previous, with what `arrange` does to the sysroot. Answers what was loaded. */
async function loaded(t: TestContext, arrange: (root: string) => void): Promise<string> {
  const folder = tempFolder(t, 'grub');
  const root = join(folder, 'root');
  for (const name of ['grub', 'rootfs/config.3', 'rootfs/xo.6/boot', 'rootfs/xo.7/boot', 'rescue'])
    mkdirSync(join(root, name), { recursive: true });
  for (const version of [6, 7])
    for (const name of ['vmlinuz', 'initrd.img']) {
      writeFileSync(join(root, `rootfs/xo.${version}/boot/${name}-6.1`), 'x');
      symlinkSync(`boot/${name}-6.1`, join(root, `rootfs/xo.${version}/${name}`));
      writeFileSync(join(root, 'rescue', name), 'x');
    }
  symlinkSync('config.3', join(root, 'rootfs/boot'));
  symlinkSync('../xo.7', join(root, 'rootfs/config.3/current'));
  symlinkSync('../xo.6', join(root, 'rootfs/config.3/previous'));
  arrange(root);

  const uuid = randomUUID();
  const config = readFileSync(join(PROJECT_ROOT, 'assets/boot/grub.cfg'), 'utf8').replace('SYSROOT-UUID', uuid);
  writeFileSync(join(root, 'grub/grub.cfg'), config);
  writeFileSync(join(root, 'grub/test.cfg'), TELLING);
  writeFileSync(join(folder, 'early.cfg'), 'set root=hd0\nset prefix=(hd0)/grub\nnormal (hd0)/grub/test.cfg\n');
  const [disk, core, image] = [join(folder, 'disk'), join(folder, 'core'), join(folder, 'image')];
  writeFileSync(disk, '');
  truncateSync(disk, 8_000_000);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-U', uuid, '-d', root, disk]);
  const make = ['-O', 'i386-pc', '-p', '/grub', '-c', join(folder, 'early.cfg'), '-o', core, ...MODULES.split(' ')];
  execFileSync('grub-mkimage', make);
  writeFileSync(image, Buffer.concat([readFileSync(join(GRUB, 'lnxboot.img')), readFileSync(core)]));

  const machine = ['-accel', 'tcg', '-m', '64', '-nodefaults', '-display', 'none', '-no-reboot', '-serial', 'stdio'];
  const qemu = spawn(
    'setpriv',
    [
      ...['--pdeathsig=KILL', 'qemu-system-x86_64', ...machine, '-kernel', image],
      ...['-drive', `file=${disk},format=raw,if=virtio`],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  t.after(() => qemu.kill('SIGKILL'));
  const late = setTimeout(() => qemu.kill('SIGKILL'), 120_000);
  let told = '';
  for await (const chunk of qemu.stdout) told += chunk;
  clearTimeout(late);
  return told.replaceAll('\r', '');
}

test('GRUB takes the kernel of the version that the boot script will start', {
  skip: missing !== undefined,
}, async (t) => {
  const mark = (name: string) => (root: string) => writeFileSync(join(root, 'rootfs/boot', name), '');
  const without =
    (...versions: number[]) =>
    (root: string) => {
      for (const version of versions) rmSync(join(root, `rootfs/xo.${version}`), { recursive: true });
    };
  const cases: readonly (readonly [string, (root: string) => void, string])[] = [
    ['the current one', () => undefined, 'rootfs/boot/current'],
    ['the current one while it has tries', mark('tries+1'), 'rootfs/boot/current'],
    ['the previous one when they are used up', mark('tries+0'), 'rootfs/boot/previous'],
    [
      'the current one when its last start was cut short',
      (root) => {
        mark('tries+0')(root);
        mark('alive')(root);
      },
      'rootfs/boot/current',
    ],
    ['the previous one once', mark('previous-once'), 'rootfs/boot/previous'],
    ['the previous one when the current has no kernel', without(7), 'rootfs/boot/previous'],
    ['the rescue when neither has', without(6, 7), 'rescue'],
  ];
  for (const [title, arrange, wanted] of cases)
    await t.test(title, async (t) => {
      const told = await loaded(t, arrange);
      assert.ok(told.includes(`LINUX (hd0)/${wanted}/vmlinuz\n`), told);
      assert.ok(told.includes(`INITRD (hd0)/${wanted}/initrd.img`), told);
      assert.match(told, /WORD boot=ripple/);
      assert.doesNotMatch(told, /WORD ripple\.previous/);
    });
});
