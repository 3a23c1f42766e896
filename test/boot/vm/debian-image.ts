/**
 * A real Debian with Ripple's own package in it, as a school's image would be: minbase, systemd, D-Bus, udev, a kernel,
 * initramfs-tools. Debian's part is built once by mmdebstrap and kept in the build folder.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptSources, suiteFamily } from '../../helpers/apt-sources.ts';
import { PROJECT_ROOT } from '../../helpers/private-bus.ts';
import { command } from './command.ts';
import { addTestParts } from './guest.ts';

const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'iproute2', 'initramfs-tools', 'busybox-static', 'e2fsprogs'],
  ...['gpgv', 'libstdc++6', 'adduser', 'openssh-client', 'linux-image-cloud-amd64', 'dracut-core'],
];
/** Never unpacked, by dpkg's patterns. */
const LEFT_OUT = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];
/** Taken out afterwards: no laptop of this test needs them, and each file is hashed, copied and checked many times. */
const TRIMMED = [
  ...['usr/share/zoneinfo', 'usr/share/i18n', 'usr/share/bash-completion', 'usr/share/lintian', 'usr/share/bug'],
  ...['usr/share/zsh', 'usr/share/perl', 'usr/share/ca-certificates', 'usr/lib/x86_64-linux-gnu/gconv'],
  ...['usr/lib/udev/hwdb.d', 'usr/share/common-licenses', 'usr/lib/x86_64-linux-gnu/perl'],
  'usr/lib/x86_64-linux-gnu/perl-base/unicore',
];
/** Of dpkg's own record of each package: nothing here asks for them. */
const RECORDS_LEFT_OUT = /\.(md5sums|shlibs|symbols)$/;
const DRIVERS_LEFT_OUT = [
  ...['gpu', 'media', 'hv', 'scsi', 'infiniband', 'target', 'nvme', 'md', 'hid', 'iio', 'xen', 'comedi', 'thermal'],
  ...['leds', 'cpufreq', 'watchdog', 'uio', 'nvdimm', 'platform'],
];

/** Why this cannot be tested here; false when it can. */
export const realBootMissing: string | false =
  process.getuid?.() !== 0
    ? 'building a Debian image needs root'
    : process.arch !== 'x64'
      ? 'the virtual laptop is an amd64 machine'
      : (['qemu-system-x86_64', 'mmdebstrap', 'debugfs', 'lz4', 'mkfs.vfat', 'mcopy'].find((name) => !onPath(name)) ??
            '') !== ''
        ? 'qemu-system-x86, mmdebstrap, e2fsprogs, lz4, dosfstools or mtools is not installed'
        : aptSources().length === 0
          ? 'no apt sources are configured'
          : false;

function onPath(program: string): boolean {
  return ['/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((folder) => existsSync(join(folder, program)));
}

export interface DebianParts {
  /** The system without Ripple. */
  readonly base: string;
  /** A newer kernel's package. */
  readonly newerKernel: string;
  /** Ripple's package, of this checkout. */
  readonly ripple: string;
}

/** Builds what is missing (three minutes the first time, most of it downloads) and meanwhile Ripple's package. */
export async function debianParts(work: string, say: (line: string) => void): Promise<DebianParts> {
  const folder = join(PROJECT_ROOT, 'build', 'boot-image');
  mkdirSync(folder, { recursive: true });
  const key = createHash('sha256')
    .update(JSON.stringify([PACKAGES, LEFT_OUT]))
    .digest('hex')
    .slice(0, 12);
  const base = join(folder, `base-${key}.tar`);
  const making = existsSync(base) ? undefined : mmdebstrap(base, say);
  const [ripple] = await Promise.all([ripplePackage(work), making]);
  return { base, newerKernel: newerKernel(folder, base), ripple };
}

async function mmdebstrap(target: string, say: (line: string) => void): Promise<void> {
  say('building the Debian of the boot test with mmdebstrap');
  const sources = aptSources();
  const suite = suiteFamily(sources).base;
  const lines = sources
    .filter((source) => source.suite === suite)
    .map(({ options, uri, components }) => `deb ${options}${uri} ${suite} ${components}`);
  const args = [
    ...['--mode=root', '--variant=minbase', '--quiet', '--format=tar', `--include=${PACKAGES.join(',')}`],
    '--aptopt=Acquire::Languages "none"',
    ...LEFT_OUT.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
  ];
  const list = `${target}.list`;
  writeFileSync(list, `${lines.join('\n')}\n`);
  await command('mmdebstrap', [...args, suite, `${target}.new`, list], {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
  });
  renameSync(`${target}.new`, target);
}

/** A kernel of the same series as the one in `base`, from this machine's apt sources. */
function newerKernel(folder: string, base: string): string {
  const here = readdirSync(folder).find((name) => /^linux-image-.*\.deb$/.test(name));
  if (here) return join(folder, here);
  const names = execFileSync('tar', ['-tf', base, './boot'], { encoding: 'utf8' });
  const release = /vmlinuz-(\S+)/.exec(names)?.[1] ?? '';
  const others = otherKernels(release);
  // Lists that were never fetched, or are gone.
  if (others.length === 0) execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  const best = others.at(-1) ?? otherKernels(release).at(-1);
  if (best === undefined) throw new Error(`apt knows no kernel of the series of ${release} but that one`);
  execFileSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', best], {
    cwd: folder,
    stdio: 'inherit',
  });
  return newerKernel(folder, base);
}

/** Packages of kernels of the same series and flavour, rising. */
function otherKernels(release: string): string[] {
  const series = /^\d+\.\d+/.exec(release)?.[0] ?? '';
  const listed = execFileSync('apt-cache', ['search', '--names-only', '^linux-image-[0-9].*-cloud-amd64$'], {
    encoding: 'utf8',
  });
  return listed
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(`linux-image-${series}.`) && name !== `linux-image-${release}`)
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
}

async function ripplePackage(work: string): Promise<string> {
  const out = join(work, 'packages');
  await command(process.execPath, [join(PROJECT_ROOT, 'scripts/package.mjs'), '--built', '--fast', '--out', out]);
  const name = readdirSync(out).find((file) => /^ripple_.*\.deb$/.test(file));
  if (name === undefined) throw new Error('npm run package made no package of the daemon');
  return join(out, name);
}

/** Unpacks the system into `tree`, installs Ripple, and makes it the image of a school that trusts `keyring`. */
export async function makeImage(tree: string, parts: DebianParts, keyring: string): Promise<void> {
  mkdirSync(tree, { recursive: true });
  await command('tar', ['-xf', parts.base, '-C', tree]);
  for (const path of TRIMMED) rmSync(join(tree, path), { recursive: true, force: true });
  const records = join(tree, 'var/lib/dpkg/info');
  for (const name of readdirSync(records)) if (RECORDS_LEFT_OUT.test(name)) rmSync(join(records, name));
  await trimModules(tree);
  execFileSync('cp', [parts.ripple, join(tree, 'ripple.deb')]);
  await inTree(tree, 'dpkg -i /ripple.deb && rm /ripple.deb');
  execFileSync('install', ['-m', '0644', keyring, join(tree, 'etc/ripple/keyring.pgp')]);
  mkdirSync(join(tree, 'sysroot'));
  addTestParts(tree);
  const settings = join(tree, 'etc/initramfs-tools/initramfs.conf');
  const text = readFileSync(settings, 'utf8');
  writeFileSync(settings, text.replace(/^MODULES=.*/m, 'MODULES=list').replace(/^COMPRESS=.*/m, 'COMPRESS=gzip'));
  writeFileSync(join(tree, 'etc/initramfs-tools/modules'), 'virtio_pci\nvirtio_blk\nvirtio_net\n');
  // What an image must not carry: one identity for all laptops, and what a start makes anew.
  writeFileSync(join(tree, 'etc/machine-id'), '');
  writeFileSync(join(tree, 'etc/fstab'), '');
  for (const name of readdirSync(join(tree, 'boot'))) if (name.startsWith('initrd')) rmSync(join(tree, 'boot', name));
  await inTree(tree, 'update-initramfs -c -k all');
  for (const emptied of ['var/log', 'var/cache', 'var/lib/apt/lists', 'dev', 'run', 'tmp'])
    for (const name of readdirSync(join(tree, emptied)))
      rmSync(join(tree, emptied, name), { recursive: true, force: true });
}

/** Puts another kernel into a tree, and takes the one that is there out. */
export async function changeKernel(tree: string, deb: string): Promise<void> {
  const old = readdirSync(join(tree, 'usr/lib/modules'))[0] ?? '';
  execFileSync('cp', [deb, join(tree, 'kernel.deb')]);
  await inTree(tree, 'dpkg --purge linux-image-cloud-amd64; dpkg -i --force-depends /kernel.deb && rm /kernel.deb');
  await inTree(tree, `dpkg --purge linux-image-${old}`);
  rmSync(join(tree, 'usr/lib/modules', old), { recursive: true, force: true });
  await trimModules(tree);
}

async function trimModules(tree: string): Promise<void> {
  for (const release of readdirSync(join(tree, 'usr/lib/modules'))) {
    const kernel = join(tree, 'usr/lib/modules', release, 'kernel');
    for (const name of DRIVERS_LEFT_OUT) rmSync(join(kernel, 'drivers', name), { recursive: true, force: true });
    for (const name of ['sound', 'arch', 'net/bluetooth', 'net/netfilter', 'net/sctp', 'net/sched', 'net/openvswitch'])
      rmSync(join(kernel, name), { recursive: true, force: true });
    await inTree(tree, `depmod ${release}`);
  }
}

async function inTree(tree: string, line: string): Promise<void> {
  await command('chroot', [tree, 'sh', '-c', line], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  });
}
