/** Initramfses that dracut(8) makes with Ripple's module, beside the one of initramfs-tools. */
import { join } from 'node:path';
import { command } from './command.ts';

/** Modules that dracut has by default, and that nothing here needs. */
const OMITTED = 'kernel-modules-extra overlay-root qemu lunmask resume virtiofs terminfo bluetooth usrmount shutdown';
/** What is left out. With systemd in the initramfs, as is dracut's default, that mounts the disk, and its mounts are shared. */
const KINDS: Readonly<Record<string, string>> = {
  'dracut with systemd': OMITTED,
  dracut: `${OMITTED} systemd systemd-initrd dracut-systemd dbus`,
};

/** In a mount namespace of its own: what dracut needs around it, and nothing of it stays in the tree. */
const MAKE = `mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --bind /dev "$1/dev"
mount -t tmpfs tmp "$1/tmp"
mount -t tmpfs tmp "$1/var/tmp"
chroot "$1" env PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C dracut --quiet --no-hostonly --no-early-microcode --no-compress \\
  --add ripple --omit "$2" --drivers 'virtio_pci virtio_blk virtio_net ext4 overlay' --kver "$(ls "$1/usr/lib/modules")" /tmp/initrd
cp "$1/tmp/initrd" "$3"`;

/** Of a tree with dracut in it. Answers the files in `folder`, not compressed. */
export async function dracutInitramfses(tree: string, folder: string): Promise<string[]> {
  return Promise.all(
    Object.entries(KINDS).map(async ([name, omitted]) => {
      const target = join(folder, name.replaceAll(' ', '-'));
      await command('unshare', ['--mount', 'sh', '-euc', MAKE, 'sh', tree, omitted, target]);
      return target;
    }),
  );
}
