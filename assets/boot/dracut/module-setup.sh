#!/bin/bash
# dracut module: the same boot scripts as the initramfs-tools hook (dracut.modules(7)).
check() {
  require_binaries busybox gpgv || return 1
  # Only where asked for (add_dracutmodules+=" ripple "): a system without deployments must start as ever.
  return 255
}

depends() {
  echo base rootfs-block fs-lib
}

installkernel() {
  instmods overlay ext4 btrfs xfs af_packet usb-storage uas sd_mod xhci-pci ehci-pci ohci-pci uhci-hcd vfat nls_ascii nls_cp437 nls_utf8 exfat =drivers/net/ethernet virtio_net
}

install() {
  /usr/lib/ripple/boot/ripple-hook "$initdir" || return 1
  inst_multiple busybox gpgv
  inst_multiple -o setfattr e2fsck fsck.ext4 fsck.xfs btrfs
  inst_hook mount 10 "$moddir/ripple-mount.sh"
}
