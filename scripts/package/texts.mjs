// What Debian wants to read in every package: the changelog and who holds the rights.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Long, and with whole licences that Debian has elsewhere: a file of its own. */
export const NODE_NOTICES = '/usr/share/doc/ripple/node-notices.gz';

const MAINTAINER = `${process.env.DEBFULLNAME ?? 'The Ripple developers'} <${process.env.DEBEMAIL ?? 'ripple@ripple.invalid'}>`;

export function maintainer() {
  return MAINTAINER;
}

/** `changelog` in Debian's form, from the newest section of CHANGELOG.md. */
export function changelog(root, name, version, epoch) {
  const section = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').split(/^## .*$/m)[1] ?? '';
  const items = section
    .split(/^- /m)
    .slice(1)
    .map((item) => item.trim().replace(/\s+/g, ' '));
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `${name} (${version}) unstable; urgency=medium\n\n${items.map((item) => folded(item, '  * ', '    ')).join('\n')}\n\n -- ${MAINTAINER}  ${date}\n`;
}

/**
 * `copyright` in machine-readable form: Ripple's own, Node's, and that of every npm package inside.
 * @param {readonly {name: string, folder: string}[]} inside
 */
export function copyright(root, inside, withNode, epoch) {
  const own = `${new Date(epoch * 1000).getUTCFullYear()} the Ripple developers`;
  const stanzas = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: ripple',
    `Files: *\nCopyright: ${own}\nLicense: GPL-3+`,
    ...inside.map(({ name, folder }) => {
      const text = licenceText(resolve(root, folder));
      const spdx = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).license;
      return `Files: ${name}\nComment: inside the programs under /usr/lib/ripple\nCopyright: ${holders(text)}\nLicense: ${shortName(name, spdx)}\n${indented(text)}`;
    }),
  ];
  if (withNode)
    stanzas.push(
      `Files: usr/lib/ripple/node\nComment: Node.js ${process.versions.node}\nCopyright: Node.js contributors, and those of the libraries in it\nLicense: Node.js\n The texts are in ${NODE_NOTICES}.`,
    );
  stanzas.push(
    'License: GPL-3+\n This is free software: you can redistribute it and/or modify it under the terms of the\n GNU General Public License, version 3 or (at your option) any later version.\n .\n On Debian systems the full text is in /usr/share/common-licenses/GPL-3.',
  );
  return `${stanzas.join('\n\n')}\n`;
}

/** Each stanza has its own text, so each needs a name of its own. */
function shortName(name, spdx) {
  return `${String(spdx ?? 'custom').replace(/[^A-Za-z0-9.+-]+/g, '-')}~${name.replace(/[^a-z0-9.-]+/gi, '-').replace(/^-/, '')}`;
}

function licenceText(folder) {
  const file = readdirSync(folder)
    .sort()
    .find((name) => /^(licen[cs]e|copying)/i.test(name));
  const text = file ? readFileSync(join(folder, file), 'utf8') : '';
  const { name, author, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const holder = `Copyright ${(typeof author === 'object' ? author?.name : author) ?? `the ${name} authors`}`;
  // Debian has this one, and wants no more copies of it.
  if (/Apache License\s+Version 2\.0/.test(text))
    return `${holder}\nOn Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.`;
  return text || `${holder}\nUnder the licence ${license}, as the package says of itself.`;
}

function holders(text) {
  const lines = [...text.matchAll(/^\s*[Cc]opyright (?:\([cC]\)|©|[0-9]|\p{Lu}\p{Ll}).*$/gmu)].map(([line]) =>
    line.trim(),
  );
  return [...new Set(lines)].slice(0, 4).join('\n ') || 'its authors';
}

/** What Node's makers want to be passed on with it. */
export function nodeNotices() {
  const beside = join(process.execPath, '../..');
  const places = [
    join(beside, 'LICENSE'),
    join(beside, 'share/doc/nodejs/LICENSE'),
    join(beside, 'share/doc/nodejs/copyright'),
  ];
  const file = places.find((path) => existsSync(path));
  if (!file) throw new Error(`the licence of ${process.execPath} is not here: ${places.join(', ')}`);
  return readFileSync(file, 'utf8');
}

function indented(text) {
  return text
    .trim()
    .split(/\r?\n/)
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd().replaceAll('\t', '  ')}`))
    .join('\n');
}

function folded(text, first, rest) {
  const lines = [];
  let line = first;
  for (const word of text.split(' ')) {
    if (line.length + word.length > 78) {
      lines.push(line.trimEnd());
      line = rest;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}
