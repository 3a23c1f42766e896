/** What is measured: packages whose updates are typical of a laptop's, small and large. Which versions, apt is asked. */

/**
 * `small`: a fix in a program or library; `data`: hardly any code; `point`: a new upstream version; `large`: many megabytes;
 * `system`: a small one as it comes to a whole system.
 */
export type PairClass = 'small' | 'data' | 'point' | 'large' | 'system';

export interface PairSpec {
  readonly name: string;
  readonly class: PairClass;
  /** All of one source package, so that they move together. */
  readonly packages: readonly string[];
  /** Instead: the two newest packages of this name, whose version is in it; `ARCH` stands for the machine's. */
  readonly pattern?: string;
  /** Only files whose path matches are compared. */
  readonly only?: RegExp;
}

const small = (name: string, ...packages: string[]): PairSpec => ({ name, class: 'small', packages });

export const PAIRS: readonly PairSpec[] = [
  small('libpng', 'libpng16-16'),
  small('libarchive', 'libarchive13'),
  small('wpa', 'wpasupplicant'),
  small('xz-utils', 'liblzma5', 'xz-utils'),
  small('expat', 'libexpat1'),
  small('pcre2', 'libpcre2-8-0'),
  small('nginx', 'nginx', 'libnginx-mod-http-image-filter'),
  small('libxml2', 'libxml2'),
  small('sudo', 'sudo'),
  small('haproxy', 'haproxy'),
  small('redis', 'redis-tools'),
  small('glib2.0', 'libglib2.0-0'),
  small('apt', 'apt', 'libapt-pkg6.0'),
  small('nss', 'libnss3'),
  small('bind9', 'bind9-libs', 'bind9', 'bind9-host'),
  small('poppler', 'libpoppler126', 'poppler-utils'),
  small('openssh', 'openssh-client', 'openssh-server'),
  small('glibc', 'libc6'),
  small('python3.11', 'python3.11-minimal', 'libpython3.11-minimal', 'libpython3.11-stdlib', 'libpython3.11'),
  small('ghostscript', 'libgs10'),
  small('git', 'git'),
  { name: 'libpng in a system', class: 'system', packages: ['libpng16-16'] },
  { name: 'wpa in a system', class: 'system', packages: ['wpasupplicant'] },
  { name: 'tzdata', class: 'data', packages: ['tzdata'] },
  { name: 'ca-certificates', class: 'data', packages: ['ca-certificates'] },
  { name: 'openssl', class: 'point', packages: ['libssl3', 'openssl'] },
  {
    name: 'clamav',
    class: 'point',
    packages: ['libclamav12', 'clamav', 'clamav-daemon', 'clamav-freshclam', 'clamdscan'],
  },
  { name: 'postgresql', class: 'point', packages: ['postgresql-15'] },
  { name: 'node', class: 'large', packages: ['libnode108'] },
  { name: 'libreoffice', class: 'large', packages: ['libreoffice-core'] },
  { name: 'webkit', class: 'large', packages: ['libwebkit2gtk-4.1-0', 'libjavascriptcoregtk-4.1-0'] },
  {
    name: 'kernel-modules',
    class: 'large',
    packages: [],
    pattern: '^linux-image-[0-9.]+-[0-9]+-ARCH$',
    // The whole kernel is in the laptop's tree; this much of it is enough to see what modules cost.
    only: /^(usr\/)?lib\/modules\/[^/]+\/kernel\/(fs|net|sound)\//,
  },
];

/** What a laptop for children has on it, besides what every Debian has. */
export const LAPTOP_PACKAGES: readonly string[] = [
  ...['systemd-sysv', 'udev', 'dbus', 'linux-image-amd64', 'initramfs-tools', 'network-manager', 'wpasupplicant'],
  ...['bluez', 'avahi-daemon', 'openssh-client', 'sudo', 'ca-certificates', 'openssl', 'tzdata', 'curl', 'rsync'],
  ...['xserver-xorg-core', 'libgtk-3-0', 'libwebkit2gtk-4.1-0', 'libgstreamer-plugins-base1.0-0'],
  ...['gstreamer1.0-plugins-good', 'libpoppler-glib8', 'libgs10', 'cups-client', 'libmagickcore-6.q16-6'],
  ...['python3', 'python3-gi', 'perl', 'nodejs', 'vim-tiny', 'less'],
];
