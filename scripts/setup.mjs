// Makes a fresh clone able to run: npm packages, Debian packages (when root), the build. Plain JavaScript on purpose:
// it is what runs before anything is installed or compiled. Usage: node scripts/setup.mjs build|start|test|bench|package
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Debian packages by purpose, each with a command or file that shows it is there. */
const START = { 'dbus-daemon': '/usr/bin/dbus-daemon' };
const TEST = {
  ...START,
  'dbus-bin': '/usr/bin/dbus-send',
  'avahi-daemon': '/usr/sbin/avahi-daemon',
  'avahi-utils': '/usr/bin/avahi-browse',
  polkitd: '/usr/lib/polkit-1/polkitd',
  'libglib2.0-bin': '/usr/bin/gdbus',
  systemd: '/usr/bin/busctl',
  attr: '/usr/bin/setfattr',
  'libcap2-bin': '/sbin/setcap',
  rsync: '/usr/bin/rsync',
  'nginx-light': '/usr/sbin/nginx',
  curl: '/usr/bin/curl',
  dosfstools: '/sbin/mkfs.vfat',
  fusefat: '/usr/bin/fusefat',
  udisks2: '/usr/libexec/udisks2/udisksd',
  mtools: '/usr/bin/mcopy',
  gnupg: '/usr/bin/gpg',
  'mtree-netbsd': '/usr/bin/mtree',
  mmdebstrap: '/usr/bin/mmdebstrap',
  iproute2: '/sbin/ip',
  e2fsprogs: '/sbin/mke2fs',
  binutils: '/usr/bin/objdump',
  strace: '/usr/bin/strace',
  xfsprogs: '/sbin/mkfs.xfs',
  'btrfs-progs': '/bin/btrfs',
  'qemu-system-common': '/usr/bin/qemu-storage-daemon',
  faketime: '/usr/bin/faketime',
  tcpdump: '/usr/bin/tcpdump',
  busybox: '/usr/bin/busybox',
  chromium: '/usr/bin/chromium',
  xvfb: '/usr/bin/Xvfb',
  bsdiff: '/usr/bin/bspatch',
  bzip2: '/bin/bzip2',
  'qemu-system-x86': '/usr/bin/qemu-system-x86_64',
  'grub-pc-bin': '/usr/lib/grub/i386-pc/lnxboot.img',
  'grub-common': '/usr/bin/grub-mkimage',
  gpgv: '/usr/bin/gpgv',
  lz4: '/usr/bin/lz4',
  'libc6-armhf-cross': '/usr/arm-linux-gnueabihf/lib/libc.so.6',
  'binutils-arm-linux-gnueabihf': '/usr/bin/arm-linux-gnueabihf-objdump',
  lintian: '/usr/bin/lintian',
  mandoc: '/usr/bin/mandoc',
  'groff-base': '/usr/bin/groff',
  'man-db': '/usr/bin/man',
  'desktop-file-utils': '/usr/bin/desktop-file-validate',
  appstream: '/usr/bin/appstreamcli',
  fish: '/usr/bin/fish',
  zsh: '/usr/bin/zsh',
  'xz-utils': '/usr/bin/xz',
  zstd: '/usr/bin/zstd',
};
const BENCH = {
  ...TEST,
  ostree: '/usr/bin/ostree',
  time: '/usr/bin/time',
  xdelta3: '/usr/bin/xdelta3',
  git: '/usr/bin/git',
  casync: '/usr/bin/casync',
};
const PACKAGE = { dpkg: '/usr/bin/dpkg-deb' };
const PACKAGES = { build: {}, start: START, test: TEST, bench: BENCH, package: PACKAGE };

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  if (result.status !== 0) {
    console.error(`${command} ${args.join(' ')} failed`);
    process.exit(1);
  }
}

function debian(purpose) {
  const missing = Object.entries(PACKAGES[purpose])
    .filter(([, file]) => !existsSync(file) && !existsSync(file.replace(/^\/(s?bin)/, '/usr/$1')))
    .map(([name]) => name);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(
      `These Debian packages are missing: ${missing.join(' ')}\nInstall them:  sudo apt-get install ${missing.join(' ')}`,
    );
    process.exit(1);
  }
  console.error(`Installing Debian packages: ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function npmPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.ripple-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.error('Installing npm packages');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}

export function setup(purpose) {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) {
    console.error(`Node ${process.versions.node} is too old: Ripple needs Node 20.11 or newer`);
    process.exit(1);
  }
  debian(purpose);
  npmPackages();
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root]);
  if (existsSync(join(root, 'scripts/build-renderer.mjs')))
    execFileSync(process.execPath, [join(root, 'scripts/build-renderer.mjs')], { stdio: 'inherit' });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const purpose = process.argv[2] ?? 'build';
  if (!Object.hasOwn(PACKAGES, purpose)) {
    console.error(`setup: unknown purpose "${purpose}": use build, start, test, bench or package`);
    process.exit(2);
  }
  setup(purpose);
}
