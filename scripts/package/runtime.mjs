// The Node runtime of the machine that packages, and what it needs of Debian.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** This `node`, without its debugging symbols where strip(1) is here. */
export function nodeBinary(work) {
  const copy = join(work, 'node');
  copyFileSync(process.execPath, copy);
  spawnSync('strip', ['--strip-unneeded', copy], { stdio: 'ignore' });
  return readFileSync(copy);
}

export function architecture() {
  return execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
}

/** The native part of koffi for this machine's C library: its folder of npm and the one file that counts. */
export function koffiNative(root) {
  const folder = join(root, 'node_modules/@koromix', `koffi-linux-${process.arch === 'arm' ? 'arm' : process.arch}`);
  const library = readdirSync(folder).find((name) => name.startsWith('linux_'));
  if (!library) throw new Error(`${folder} has no part for this machine`);
  return { folder, file: `${library}/koffi.node`, keep: (path) => !path.startsWith('musl_') };
}

/**
 * `libc6 (>= 2.28), libstdc++6 (>= 5.2)` for some programs: the packages that own what ldd(1) finds, each with the version in
 * which the newest symbol version that is asked for appeared, by the package's own list (deb-symbols(5)).
 */
export function dependencies(binaries) {
  const needed = new Map();
  for (const binary of binaries) {
    const image = readFileSync(binary, 'latin1');
    for (const library of librariesOf(binary)) {
      const owner = ownerOf(library);
      needed.set(owner, higher(needed.get(owner), symbolsVersion(owner, image)));
    }
  }
  return [...needed]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([owner, version]) => (version === undefined ? owner : `${owner} (>= ${version})`))
    .join(', ');
}

function librariesOf(binary) {
  const listed = execFileSync('ldd', [binary], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return [...listed.matchAll(/=> (\/\S+) \(/g)].map(([, path]) => path);
}

/** dpkg may know it by its name before or after /lib became a link. */
function ownerOf(library) {
  const real = realpathSync(library);
  for (const path of [library, real, real.replace(/^\/usr\/lib/, '/lib'), real.replace(/^\/lib/, '/usr/lib')]) {
    const found = spawnSync('dpkg', ['-S', path], { encoding: 'utf8' });
    const owner = /^([a-z0-9.+-]+)(?::[a-z0-9]+)?: /.exec(found.stdout ?? '')?.[1];
    if (owner) return owner;
  }
  throw new Error(`no Debian package owns ${library}`);
}

function symbolsVersion(owner, image) {
  const files = [`/var/lib/dpkg/info/${owner}:${architecture()}.symbols`, `/var/lib/dpkg/info/${owner}.symbols`];
  const file = files.find((path) => existsSync(path));
  if (!file) return undefined;
  let highest;
  for (const [, node, version] of readFileSync(file, 'utf8').matchAll(/^ ([A-Z]+_[0-9.]+)@\1 (\S+)/gm))
    if (image.includes(`\0${node}\0`)) highest = higher(highest, version);
  return highest;
}

function higher(a, b) {
  if (a === undefined || b === undefined) return a ?? b;
  return spawnSync('dpkg', ['--compare-versions', a, 'ge', b]).status === 0 ? a : b;
}
