// One .deb from its files: control data, checksums, dpkg-deb. The same input gives the same bytes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const SCRIPTS = ['preinst', 'postinst', 'prerm', 'postrm'];

/**
 * Writes `<out>/<name>_<version>_<architecture>.deb` and answers its path.
 * @param {object} deb
 * @param {string} deb.name of the package; `debian/<name>.control` and its scripts are in `deb.debian`
 * @param {string} deb.debian folder with the control files
 * @param {string} deb.architecture `amd64`, `all` …
 * @param {import('./files.mjs').Files} deb.files
 * @param {Record<string, string>} deb.fields what `@NAME@` stands for in the control file
 * @param {string} deb.work an empty folder for this package
 * @param {string} deb.out
 * @param {number} deb.epoch seconds since 1970: the date of everything inside
 * @param {boolean} deb.fast larger, and made in a tenth of the time
 */
export function makeDeb({ name, debian, architecture, files, fields, work, out, epoch, fast }) {
  const version = fields.VERSION;
  const overrides = join(debian, `${name}.lintian-overrides`);
  if (existsSync(overrides)) files.copy(overrides, `usr/share/lintian/overrides/${name}`);
  mkdirSync(work, { mode: 0o755 });
  files.writeTo(work);

  const control = join(work, 'DEBIAN');
  mkdirSync(control, { mode: 0o755 });
  // Each file counts in whole kilobytes: how large it is on the disk that built it must not matter.
  const sizeKilobytes = files.names.reduce(
    (sum, path) => sum + Math.ceil((files.content(path)?.length ?? 0) / 1024),
    0,
  );
  const text = readFileSync(join(debian, `${name}.control`), 'utf8');
  writeFileSync(
    join(control, 'control'),
    filled(text, { ...fields, ARCHITECTURE: architecture, INSTALLED_SIZE: String(sizeKilobytes) }),
  );
  for (const script of SCRIPTS) {
    const source = join(debian, `${name}.${script}`);
    if (existsSync(source)) {
      writeFileSync(
        join(control, script),
        filled(readFileSync(source, 'utf8'), { ...fields, UNITS: enabledUnits(files) }),
      );
      chmodSync(join(control, script), 0o755);
    }
  }
  const configuration = files.names.filter((path) => path.startsWith('etc/'));
  if (configuration.length > 0)
    writeFileSync(join(control, 'conffiles'), configuration.map((path) => `/${path}\n`).join(''));
  const sums = files.names.flatMap((path) => {
    const content = files.content(path);
    return content && !path.startsWith('etc/') ? [`${createHash('md5').update(content).digest('hex')}  ${path}\n`] : [];
  });
  writeFileSync(join(control, 'md5sums'), sums.join(''));

  const deb = join(out, `${name}_${version}_${architecture}.deb`);
  // One thread, for how xz cuts its blocks depends on how many there are.
  const compression = fast ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6', '--threads-max=1'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', work, deb], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return deb;
}

/** Units that are to be enabled, in a word each. */
function enabledUnits(files) {
  return files.names
    .filter((path) => /\/systemd\/system\/[^/]+$/.test(path) && /^\[Install\]$/m.test(String(files.content(path))))
    .map((path) => basename(path))
    .join(' ');
}

/** gzip without a date or a name inside, as Debian wants it for manuals and changelogs. */
export function compressed(text) {
  return gzipSync(text, { level: 9 });
}

function filled(text, fields) {
  return text.replace(/@([A-Z_]+)@/g, (_, key) => {
    if (!Object.hasOwn(fields, key)) throw new Error(`nothing stands for @${key}@`);
    return fields[key];
  });
}
