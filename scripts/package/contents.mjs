// What is in each package, from the built checkout.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ACTIVITY_PROGRAM } from '../../build/main/options.js';
import { completion } from '../../build/service/cli/completion.js';
import { manual, manualFile } from '../../build/service/cli/manual.js';
import { programPage } from '../../build/service/cli/page.js';
import { documentedConfig } from '../../build/service/daemon/config.js';
import { DAEMON_NODE_FLAGS } from '../../build/service/daemon/node-flags.js';
import { compressed } from './deb.mjs';
import { Files } from './files.mjs';
import { koffiNative } from './runtime.mjs';
import { changelog, copyright, NODE_NOTICES, nodeNotices } from './texts.mjs';

const LIB = 'usr/lib/ripple';
const UNITS = 'lib/systemd/system';

/** Runs a program of the bundle on the runtime that came with it. */
function launcher(program, flags = '') {
  return `#!/bin/sh\n${flags}exec /${LIB}/node /${LIB}/bin/${program} "$@"\n`;
}

/** A daemon runs for long: Node takes its memory flags only from outside. */
const DAEMON_FLAGS = `if [ "$1" = daemon ]; then exec /${LIB}/node ${DAEMON_NODE_FLAGS.join(' ')} /${LIB}/bin/ripple "$@"; fi\n`;

/** Daemon, command line, boot scripts, runtime. */
export async function rippleFiles(root, bundled, node, { version, date, epoch }) {
  const files = new Files();
  const assets = join(root, 'assets');
  files.add('usr/bin/ripple', launcher('ripple', DAEMON_FLAGS), 0o755);
  files.add(`${LIB}/node`, node, 0o755);
  // Started by the launcher, never by itself: without its first line.
  files.add(`${LIB}/bin/ripple`, readFileSync(join(root, 'bin/ripple'), 'utf8').replace(/^#!.*\n/, ''));
  files.add(`${LIB}/package.json`, `${JSON.stringify({ name: 'ripple', version, type: 'module' })}\n`);
  for (const [name, text] of bundled.packages.get('ripple')) files.add(`${LIB}/build/${name}`, text);
  const native = koffiNative(root);
  const koffi = join(root, 'node_modules/koffi');
  files.copyTree(koffi, `${LIB}/node_modules/koffi`, (path) =>
    /^(package\.json|index\.js|src\/koffi\/.*\.js)$/.test(path),
  );
  files.copyTree(
    native.folder,
    `${LIB}/node_modules/@koromix/${native.folder.split('/').at(-1)}`,
    (path) => native.keep(path) && !path.endsWith('.md'),
  );

  // Where the demo finds it as in a checkout; the bus finds it in its own place.
  files.copy(join(assets, 'dbus/org.laptop.Ripple1.conf'), 'usr/share/dbus-1/system.d/org.laptop.Ripple1.conf');
  files.link(`${LIB}/assets/dbus/org.laptop.Ripple1.conf`, '../../../../share/dbus-1/system.d/org.laptop.Ripple1.conf');
  files.copy(
    join(assets, 'dbus/org.laptop.Ripple1.service'),
    'usr/share/dbus-1/system-services/org.laptop.Ripple1.service',
  );
  files.copy(join(assets, 'dbus/org.laptop.Ripple1.xml'), 'usr/share/dbus-1/interfaces/org.laptop.Ripple1.xml');
  files.copyTree(join(assets, 'polkit'), 'usr/share/polkit-1/actions');
  for (const name of inFolder(join(assets, 'systemd')))
    if (!name.startsWith('ripple-school')) files.copy(join(assets, 'systemd', name), `${UNITS}/${name}`);
  for (const name of inFolder(join(assets, 'libexec'))) files.copy(join(assets, 'libexec', name), `${LIB}/${name}`);
  bootFiles(files, join(assets, 'boot'));

  files.add('etc/ripple/ripple.toml', documentedConfig({ commentedOut: true }));
  files.folder('etc/ripple/health.d');
  for (const { name, text } of await manual({ date, version })) files.add(manualPath(name), compressed(text));
  files.add('usr/share/bash-completion/completions/ripple', await completion('bash'));
  files.add('usr/share/zsh/vendor-completions/_ripple', await completion('zsh'));
  files.add('usr/share/fish/vendor_completions.d/ripple.fish', await completion('fish'));
  const koffiInside = { name: 'koffi', folder: 'node_modules/koffi' };
  documents(files, root, 'ripple', { version, epoch, inside: [...bundled.inside, koffiInside], withNode: true });
  files.add(NODE_NOTICES.slice(1), compressed(nodeNotices()));
  return files;
}

/** Scripts of both kinds of initramfs, each kind's own in its place, the rest beside the daemon. */
function bootFiles(files, boot) {
  for (const name of inFolder(boot)) {
    const source = join(boot, name);
    if (name === 'initramfs-tools') files.copyTree(source, 'usr/share/initramfs-tools');
    else if (name === 'dracut') files.copyTree(source, 'usr/lib/dracut/modules.d/90ripple');
    else if (statSync(source).isDirectory()) files.copyTree(source, `${LIB}/boot/${name}`);
    else files.copy(source, `${LIB}/boot/${name}`);
  }
  // Where the demo finds it as in a checkout.
  files.link(`${LIB}/assets/boot`, '../boot');
}

/** The screen, for the desktop and for Sugar. */
export function activityFiles(root, bundled, { version, date, epoch }) {
  const files = new Files();
  const assets = join(root, 'assets');
  files.add('usr/bin/ripple-activity', launcher('ripple-activity'), 0o755);
  files.add(
    `${LIB}/bin/ripple-activity`,
    readFileSync(join(root, 'bin/ripple-activity'), 'utf8').replace(/^#!.*\n/, ''),
  );
  for (const [name, text] of bundled.packages.get('ripple-activity')) files.add(`${LIB}/build/${name}`, text);
  files.copyTree(join(root, 'build/renderer-dist'), `${LIB}/build/renderer-dist`, (path) => !path.endsWith('.map'));
  files.copy(join(assets, 'ripple.desktop'), 'usr/share/applications/ripple.desktop');
  files.copy(join(assets, 'icons/ripple.svg'), 'usr/share/icons/hicolor/scalable/apps/ripple.svg');
  const metainfo = readFileSync(join(assets, 'org.laptop.Ripple.metainfo.xml'), 'utf8');
  files.add(
    'usr/share/metainfo/org.laptop.Ripple.metainfo.xml',
    metainfo.replace('@VERSION@', version).replace('@DATE@', date),
  );
  for (const { name, content, mode } of sugarFiles(root, version))
    files.add(`usr/share/sugar/activities/${name}`, content, mode);
  const page = manualFile(programPage(ACTIVITY_PROGRAM), { section: 1, date, version, seeAlso: ['ripple(1)'] });
  files.add(manualPath(page.name), compressed(page.text));
  documents(files, root, 'ripple-activity', { version, epoch, inside: [{ name: 'lit', folder: 'node_modules/lit' }] });
  return files;
}

/** The school server: a unit and its configuration. */
export function schoolFiles(root, { version, epoch }) {
  const files = new Files();
  files.copyTree(join(root, 'assets/systemd'), UNITS, (path) => path.startsWith('ripple-school'));
  files.copy(join(root, 'assets/debian/school.toml'), 'etc/ripple/school.toml');
  files.copy(join(root, 'assets/nginx/ripple.conf'), 'usr/share/doc/ripple-school/examples/nginx.conf');
  files.copy(join(root, 'assets/rsync/rsyncd.conf'), 'usr/share/doc/ripple-school/examples/rsyncd.conf');
  documents(files, root, 'ripple-school', { version, epoch, inside: [] });
  return files;
}

/** The files of the Sugar bundle, sorted, in its one folder. */
export function sugarFiles(root, version) {
  const folder = join(root, 'assets/sugar');
  // Sugar counts whole numbers and points: 0.1.0 as it is.
  const fill = (text) => text.replace('@ACTIVITY_VERSION@', version);
  const files = new Files();
  files.copyTree(folder, 'Ripple.activity');
  return files.names.map((name) => {
    const content = files.content(name);
    return {
      name,
      content: name.endsWith('activity.info') ? Buffer.from(fill(String(content))) : content,
      mode: name.includes('/bin/') ? 0o755 : 0o644,
    };
  });
}

function documents(files, root, name, { version, epoch, inside, withNode = false }) {
  files.add(`usr/share/doc/${name}/changelog.gz`, compressed(changelog(root, name, version, epoch)));
  files.add(`usr/share/doc/${name}/copyright`, copyright(root, inside, withNode, epoch));
}

function manualPath(name) {
  return `usr/share/man/man${name.at(-1)}/${name}.gz`;
}

function inFolder(folder) {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}
