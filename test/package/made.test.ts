/** The packages as files: the same every time, sound by Debian's own judges, readable, complete. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { COMMANDS } from '../../service/cli/commands.ts';
import { makePackages, type Packages, packagingMissing } from '../helpers/packages.ts';
import { tempFolder } from '../helpers/temp.ts';

const DATE = { SOURCE_DATE_EPOCH: '1767225600' };
const NAMES = ['ripple', 'ripple-activity', 'ripple-school'];

function judged(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const ran = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 26 });
  assert.equal(ran.error, undefined);
  return `${ran.stdout}${ran.stderr}`.trim();
}

test('packages', { skip: packagingMissing }, async (t) => {
  const folder = tempFolder(t, 'ripple-packages');
  const packages: Packages = makePackages(join(folder, 'one'), DATE);
  assert.deepEqual(Object.keys(packages).sort(), [...NAMES, 'xo'].sort());
  const file = (name: string): string => packages[name] ?? '';
  const root = join(folder, 'root');
  for (const name of NAMES) execFileSync('dpkg-deb', ['-x', file(name), root]);

  await t.test('the same sources give the same bytes, whatever the time zone, the folder and the language', () => {
    mkdirSync(join(folder, 'elsewhere'));
    const again = makePackages(join(folder, 'two'), {
      ...DATE,
      TZ: 'Asia/Kathmandu',
      LC_ALL: 'C',
      TMPDIR: join(folder, 'elsewhere'),
    });
    for (const [name, path] of Object.entries(packages))
      assert.ok(readFileSync(path).equals(readFileSync(again[name] ?? '')), name);
  });

  await t.test('lintian finds nothing wrong', () => {
    const root = process.getuid?.() === 0 ? ['--allow-root'] : [];
    assert.equal(judged('lintian', [...root, '--no-cfg', ...NAMES.map(file)]), '');
  });

  await t.test('every command has its page, and roff has nothing to say about any', () => {
    const pages = ['man1', 'man5'].flatMap((section) =>
      readdirSync(join(root, 'usr/share/man', section)).map((name) => join(root, 'usr/share/man', section, name)),
    );
    const names = pages.map((page) => page.replace(/^.*\//, ''));
    for (const { name } of COMMANDS) assert.ok(names.includes(`ripple-${name}.1.gz`), name);
    for (const name of ['ripple.1.gz', 'ripple.toml.5.gz', 'ripple-activity.1.gz'])
      assert.ok(names.includes(name), name);
    const plain = join(folder, 'page');
    for (const page of pages) {
      writeFileSync(plain, gunzipSync(readFileSync(page)));
      assert.equal(judged('mandoc', ['-T', 'lint', '-W', 'warning', plain]), '', page);
      const set = spawnSync('groff', ['-ww', '-man', '-Tutf8', plain], { encoding: 'utf8' });
      assert.equal(set.stderr, '', page);
      const shown = spawnSync('man', ['--warnings', '-l', page], {
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '80' },
      });
      assert.equal(shown.stderr, '', page);
      assert.match(shown.stdout, /^NAME\n {7}ripple/m, page);
    }
  });

  await t.test('a page says what --help says, dashes and all', () => {
    const { stdout } = spawnSync('man', ['-l', join(root, 'usr/share/man/man1/ripple-publish.1.gz')], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '200' },
    });
    // Lines may be stretched to the margin.
    assert.match(stdout.replace(/ +/g, ' '), /ripple publish TREE --repo DIR --image NAME --version N --key KEY/);
    assert.match(stdout, /--severity normal\|critical\n +critical wakes laptops at once/);
  });

  await t.test('shells complete commands, options and values', () => {
    const bash = join(root, 'usr/share/bash-completion/completions/ripple');
    const complete = (words: readonly string[]): string[] =>
      judged('bash', [
        '-euc',
        `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _ripple; printf '%s\\n' "\${COMPREPLY[@]}"`,
        'bash',
        bash,
        'ripple',
        ...words,
      ]).split('\n');
    assert.deepEqual(complete(['key']), ['keygen', 'keyring']);
    assert.deepEqual(complete(['publish', '--sev']), ['--severity']);
    assert.deepEqual(complete(['publish', '--severity', '']), ['normal', 'critical']);
    assert.deepEqual(complete(['keyring', '--repo', 'x', 'in']), ['init']);
    assert.deepEqual(complete(['publish', join(root, 'usr/sh')]), [join(root, 'usr/share')]);

    const fish = join(root, 'usr/share/fish/vendor_completions.d/ripple.fish');
    const home = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
    const fished = (line: string): string => judged('fish', ['-c', `source ${fish}; complete -C '${line}'`], home);
    assert.match(fished('ripple key'), /^keygen\t.*\nkeyring\t/);
    assert.match(fished('ripple publish --severity '), /^critical\n?.*normal/s);

    const zsh = join(root, 'usr/share/zsh/vendor-completions');
    const loaded = `fpath=(${zsh} $fpath); autoload -Uz compinit; compinit -u -D; autoload -Uz +X _ripple; print $_comps[ripple]`;
    assert.equal(judged('zsh', ['-fc', loaded], home), '_ripple');
    assert.equal(judged('zsh', ['-n', join(zsh, '_ripple')]), '');
  });

  await t.test('the desktop knows the activity: entry, icon, description', () => {
    assert.equal(judged('desktop-file-validate', [join(root, 'usr/share/applications/ripple.desktop')]), '');
    const metainfo = join(root, 'usr/share/metainfo/org.laptop.Ripple.metainfo.xml');
    const checked = spawnSync('appstreamcli', ['validate', '--no-net', metainfo], { encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stdout);
    assert.ok(existsSync(join(root, 'usr/share/icons/hicolor/scalable/apps/ripple.svg')));
  });

  await t.test('the Sugar bundle is a zip with one folder, and says what to run', () => {
    const listed = judged('python3', [
      '-c',
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None\nfor i in z.infolist(): print(oct(i.external_attr >> 16), i.filename)\nprint(z.read("Ripple.activity/activity/activity.info").decode())',
      file('xo'),
    ]);
    assert.match(listed, /^0o100755 Ripple\.activity\/bin\/ripple-sugar$/m);
    assert.match(listed, /^0o100644 Ripple\.activity\/activity\/activity-ripple\.svg$/m);
    assert.match(listed, /^exec = ripple-sugar$/m);
    assert.match(listed, /^activity_version = [0-9][0-9.]*$/m);
    const installed = join(root, 'usr/share/sugar/activities/Ripple.activity/activity/activity.info');
    assert.match(readFileSync(installed, 'utf8'), /^bundle_id = org\.laptop\.RippleActivity$/m);
  });
});
