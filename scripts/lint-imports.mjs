// The import directions of ARCHITECTURE.md, enforced: api ← core ← adapters ← entry files; one file per risky package.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Packages that only one file may import, and that file. */
const ONE_FILE = {
  'dbus-next': 'dbus/wire.ts',
  'bonjour-service': 'service/discover/bonjour.ts',
  openpgp: 'service/sign/openpgp.ts',
  koffi: 'service/sys/libc.ts',
  // The preload is the other half of the shell: it runs inside the window.
  electron: ['main/electron.ts', 'main/preload.ts'],
};

/** Folder (longest match wins) → the folders of this project it may import besides itself. */
const ALLOWED = {
  dbus: ['service/api'],
  'service/api': [],
  'service/core': ['service/api'],
  'service/sys': ['service/api'],
  'service/image': ['service/api', 'service/core', 'service/sys'],
  'service/sign': ['service/api', 'service/core', 'service/image'],
  'service/store': ['service/api', 'service/core', 'service/sys', 'service/image', 'service/deploy/layout.ts'],
  'service/share': ['service/api', 'service/core', 'service/sys', 'service/store'],
  'service/fetch': ['service/api', 'service/core', 'service/sys', 'service/store', 'service/delta'],
  'service/delta': ['service/api', 'service/core', 'service/sys'],
  'service/discover': ['service/api', 'service/core', 'service/sys', 'dbus'],
  'service/wake': [
    'service/api',
    'service/core',
    'service/image',
    'service/sign/packets.ts',
    'service/discover/network.ts',
  ],
  'service/deploy': ['service/api', 'service/core', 'service/sys', 'service/image', 'service/store'],
  'service/bus': ['service/api', 'service/core', 'dbus'],
  'service/bundles': ['service/api', 'service/core', 'service/sys', 'service/image', 'service/store', 'service/delta'],
  'service/publish': [
    'service/api',
    'service/core',
    'service/sys',
    'service/image',
    'service/sign',
    'service/store',
    'service/delta',
    'service/bundles',
  ],
  'service/adopt': [
    'service/api',
    'service/core',
    'service/sys',
    'service/image',
    'service/sign/packets.ts',
    'service/deploy',
  ],
  'service/stick': [
    'service/api',
    'service/core',
    'service/sys',
    'service/image',
    'service/sign',
    'service/store',
    'service/fetch',
  ],
  'service/simulate': ['service/api', 'service/core', 'service/fetch'],
  'service/daemon': ['service', 'dbus'],
  'service/cli': ['service', 'dbus'],
  'service/demo': ['service', 'dbus', 'main'],
  // The words of a notification are those of the screen.
  main: ['service/api', 'dbus', 'renderer/words'],
  renderer: ['service/api'],
  // The page while it is worked on: never part of what is built for people.
  'renderer-dev': ['service/api', 'service/demo/scripted', 'renderer'],
  test: ['service', 'dbus', 'main', 'renderer', 'renderer-dev'],
};

function sources(folder) {
  return (existsSync(folder) ? readdirSync(folder) : []).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

const problems = [];
const zoneOf = (file) =>
  Object.keys(ALLOWED)
    .filter((zone) => file.startsWith(`${zone}/`))
    .sort((a, b) => b.length - a.length)[0];
for (const top of ['dbus', 'service', 'main', 'renderer', 'renderer-dev', 'test']) {
  if (!existsSync(join(root, top))) continue;
  for (const path of sources(join(root, top))) {
    const file = relative(root, path);
    const zone = zoneOf(file);
    if (!zone) {
      problems.push(`${file}: in no folder that scripts/lint-imports.mjs knows`);
      continue;
    }
    for (const [, specifier] of readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      if (!specifier.startsWith('.')) {
        const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0];
        if (Object.hasOwn(ONE_FILE, name) && ![ONE_FILE[name]].flat().includes(file) && zone !== 'test')
          problems.push(`${file}: only ${ONE_FILE[name]} may import ${name}`);
        continue;
      }
      const target = relative(root, resolve(dirname(path), specifier));
      const ok =
        target.startsWith(`${zone}/`) ||
        ALLOWED[zone].some((allowed) => target === allowed || target.startsWith(`${allowed}/`));
      if (!ok) problems.push(`${file}: ${zone} may not import ${target}`);
    }
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log('imports: every direction holds');
