#!/bin/sh
# install.sh DESTDIR: puts everything but the programs themselves where a Debian system has it.
set -eu
from=$(dirname "$0")
to=$1
put() {
  mode=$1
  folder=$to/$2
  shift 2
  mkdir -p "$folder"
  for file in "$@"; do
    rm -f "$folder/${file##*/}"
    cp "$file" "$folder/"
    chmod "$mode" "$folder/${file##*/}"
  done
}
put 0644 usr/lib/ripple/boot "$from/boot/ripple-root" "$from/boot/ripple-rescue" "$from/boot/ripple-rescue-tree"
put 0755 usr/lib/ripple/boot "$from/boot/ripple-boot" "$from/boot/ripple-hook" "$from/boot/ripple-udhcpc"
put 0755 usr/share/initramfs-tools/hooks "$from/boot/initramfs-tools/hooks/ripple"
put 0644 usr/share/initramfs-tools/scripts "$from/boot/initramfs-tools/scripts/ripple"
put 0755 usr/lib/dracut/modules.d/90ripple "$from"/boot/dracut/*.sh
put 0755 usr/lib/ripple "$from"/libexec/*
put 0644 usr/lib/systemd/system "$from"/systemd/*.service "$from"/systemd/*.timer
put 0644 usr/share/dbus-1/system.d "$from/dbus/org.laptop.Ripple1.conf"
put 0644 usr/share/dbus-1/system-services "$from/dbus/org.laptop.Ripple1.service"
put 0644 usr/share/dbus-1/interfaces "$from/dbus/org.laptop.Ripple1.xml"
put 0644 usr/share/polkit-1/actions "$from/polkit/org.laptop.ripple1.policy"
