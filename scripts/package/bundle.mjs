// The compiled programs as a few files with their dependencies inside: quicker to start and smaller than a folder of
// modules. Workers, the page and package.json are found as in a checkout, because every module keeps its own address.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/** Stands for the way from an output file to the folder `build`, which is known only when the file is named. */
const BUILD = '@@BUILD@@';

/** Programs and the package each belongs to; what only one of them needs goes with it. */
const PROGRAMS = { 'service/cli/main': 'ripple', 'main/main': 'ripple-activity' };
/** Has a native part, which is shipped beside. */
const NATIVE = ['koffi'];
/** Asked for by dependencies that go on without them. */
const ABSENT = ['usocket', 'x11', 'electron'];

/** What runs on threads of its own is named `…-worker.ts`. */
function workers(root) {
  return readdirSync(join(root, 'service'), { recursive: true })
    .filter((file) => file.endsWith('-worker.ts'))
    .map((file) => `service/${file.slice(0, -'.ts'.length)}`)
    .sort();
}

/** `import.meta.url` of a module is what it would be if it were compiled to its own file. */
const ownAddress = (root) => ({
  name: 'own-address',
  setup({ onLoad }) {
    onLoad({ filter: new RegExp(`^${root}/(service|main|dbus)/.*\\.ts$`) }, ({ path }) => {
      const file = relative(root, path).replace(/\.ts$/, '.js');
      const contents = readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        `new URL(${JSON.stringify(`${BUILD}/${file}`)}, import.meta.url).href`,
      );
      return { contents, loader: 'ts' };
    });
  },
});

/**
 * Answers, for each package, its files by path below `build`, and the names of the npm packages that are inside.
 * @param {string} root the checkout
 */
export async function bundle(root) {
  const threads = workers(root);
  const entries = [...Object.keys(PROGRAMS), ...threads];
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries.map((entry) => ({ in: `${entry}.ts`, out: entry })),
    outdir: 'build',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    chunkNames: 'shared/[name]-[hash]',
    external: [...NATIVE, ...ABSENT],
    minifySyntax: true,
    minifyWhitespace: true,
    // The licences of what is inside stand in the package's copyright file.
    legalComments: 'none',
    // CommonJS dependencies call it.
    banner: {
      js: "import{createRequire as makeRequire$}from'node:module';const require=makeRequire$(import.meta.url);",
    },
    plugins: [ownAddress(root)],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  for (const { imports } of Object.values(metafile.outputs))
    for (const { path, external } of imports)
      if (external && ![...NATIVE, ...ABSENT].includes(path) && !isBuiltIn(path))
        throw new Error(`the bundle asks for ${path}, which is in no package`);

  const packages = new Map(Object.values(PROGRAMS).map((name) => [name, new Map()]));
  const common = reached(
    metafile,
    Object.keys(PROGRAMS)
      .filter((entry) => PROGRAMS[entry] === 'ripple')
      .concat(threads),
  );
  for (const { path, text } of outputFiles) {
    const name = relative(join(root, 'build'), path);
    const up = relative(dirname(name), '') || '.';
    const owner = common.has(`build/${name}`) ? 'ripple' : 'ripple-activity';
    packages.get(owner).set(name, text.replaceAll(BUILD, up));
  }
  return { packages, inside: npmPackages(metafile) };
}

function isBuiltIn(path) {
  return path.startsWith('node:') || builtinModules.includes(path);
}

/** Output files that the programs load, now or later. */
function reached(metafile, entries) {
  const found = new Set();
  const next = entries.map((entry) => `build/${entry}.js`);
  for (let file = next.pop(); file !== undefined; file = next.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    for (const { path, external } of metafile.outputs[file].imports) if (!external) next.push(path);
  }
  return found;
}

/** Folders of the npm packages whose code is in the bundle, sorted by name. */
function npmPackages(metafile) {
  const folders = new Map();
  for (const file of Object.keys(metafile.inputs)) {
    const match = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(file);
    if (match) folders.set(match[2], match[1]);
  }
  return [...folders].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, folder]) => ({ name, folder }));
}
