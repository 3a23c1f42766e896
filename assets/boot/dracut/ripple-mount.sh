#!/bin/sh
# Mount hook of dracut (dracut.modules(7)), with `ripple` on the kernel's command line: from the disk that holds the sysroot to
# a root in $NEWROOT. With systemd in the initramfs the disk is mounted there already, else it is mounted here.
ripple_mount_root() {
  . /usr/lib/ripple/boot/ripple-boot
  . /usr/lib/ripple/boot/ripple-rescue
  . /usr/lib/ripple/boot/ripple-rescue-tree
  . /usr/lib/ripple/boot/ripple-root
  mkdir -p /run/ripple/disk
  modprobe -q overlay
  if ismounted "$NEWROOT"; then
    mount -o remount,rw,noatime "$NEWROOT" && mount --move "$NEWROOT" /run/ripple/disk
  else
    command -v fsck_single >/dev/null || . /lib/fs-lib.sh
    fsck_single "${root#block:}" "$fstype" "$rflags" '' || :
    # "rw" last: among the flags is the "ro" of the kernel's command line, which is about the root that the version sees.
    mount -t "${fstype:-auto}" -o "${rflags:+$rflags,}rw,noatime" "${root#block:}" /run/ripple/disk
  fi || die "ripple: ${root#block:} cannot be mounted"
  PATH=/usr/lib/ripple/applets:$PATH ripple_start /run/ripple/disk "$NEWROOT" /run/ripple ||
    die 'ripple: no version can be started, and none could be fetched'
}

if getargbool 0 ripple && ! [ -e /run/ripple/booted ]; then
  ripple_mount_root
fi
