/** Which pair of versions apt offers of a package. Pure: works on what apt-cache prints. */

/** One version of one package, as a suite offers it. */
export interface Offer {
  readonly name: string;
  readonly version: string;
  readonly suite: string;
}

export interface PackageVersion {
  readonly name: string;
  readonly version: string;
}

export interface VersionPair {
  readonly older: readonly PackageVersion[];
  readonly newer: readonly PackageVersion[];
}

/**
 * The lines of `apt-cache madison` that are of one of these suites. apt prints the newest version of a package first, and orders
 * versions better than any text comparison could.
 */
export function parseMadison(text: string, suites: readonly string[]): Offer[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', version = '', where = ''] = line.split('|').map((column) => column.trim());
    const path = where.split(/\s+/)[1] ?? '';
    // "bookworm-security/main", and of older releases "buster/updates/main".
    const suite = path.slice(0, path.lastIndexOf('/'));
    if (name === '' || version === '' || !where.endsWith('Packages') || !suites.includes(suite)) return [];
    return [{ name, version, suite }];
  });
}

/** For each package its two newest versions; a sentence when one of them has no two. */
export function choosePair(packages: readonly string[], offers: readonly Offer[]): VersionPair | string {
  const older: PackageVersion[] = [];
  const newer: PackageVersion[] = [];
  for (const name of packages) {
    const versions = [...new Set(offers.filter((offer) => offer.name === name).map((offer) => offer.version))];
    const [now, before] = versions;
    if (now === undefined) return `no suite offers ${name}`;
    if (before === undefined) return `the suites offer one version of ${name} only (${now})`;
    older.push({ name, version: before });
    newer.push({ name, version: now });
  }
  return { older, newer };
}

/** The two newest of the packages that have their version in their name; `names` ascending as `sort -V` has them. */
export function choosePattern(names: readonly string[], offers: readonly Offer[]): VersionPair | string {
  const offered = names.flatMap((name) => {
    const version = offers.find((offer) => offer.name === name)?.version;
    return version === undefined ? [] : [{ name, version }];
  });
  const [before, now] = offered.slice(-2);
  if (!before || !now) return `the suites offer no two packages of this name`;
  return { older: [before], newer: [now] };
}

/** deb-version(7): what the distributor did not choose. A native package's last number is its fixes. */
export function upstreamOf(version: string): string {
  const bare = version.replace(/^[0-9]+:/, '');
  const dash = bare.lastIndexOf('-');
  return dash === -1 ? bare.replace(/[.+~][^.+~]*$/, '') : bare.slice(0, dash);
}

export function sameUpstream({ older, newer }: VersionPair): boolean {
  return older.every(({ version }, index) => upstreamOf(version) === upstreamOf(newer[index]?.version ?? ''));
}
