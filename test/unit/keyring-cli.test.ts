import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempFolder } from '../helpers/temp.ts';

const main = join(dirname(fileURLToPath(import.meta.url)), '../../service/cli/main.js');

test('from nothing to a second keyring on the command line', (t) => {
  const folder = tempFolder(t);
  const ripple = (...args: string[]): { status: number | null; out: string; err: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' });
    return { status, out: stdout, err: stderr };
  };
  const must = (...args: string[]): string => {
    const { status, out, err } = ripple(...args);
    assert.equal(status, 0, `ripple ${args.join(' ')}: ${err}`);
    return out;
  };
  const keygen = (file: string, ...more: string[]): string =>
    JSON.parse(must('keygen', '--out', file, '--json', ...more)).fingerprint;

  writeFileSync(join(folder, 'pass'), 'open sesame\n');
  const root = keygen('root.key', '--name', 'Root', '--passphrase-file', 'pass');
  const release = keygen('release.key', '--expires', '365');
  const other = keygen('other.key');
  assert.match(ripple('keygen', '--out', 'root.key').err, /^ripple keygen: root.key: exists already/);

  const init = ['keyring', 'init', '--repo', 'repo', '--root', 'root.key', '--release', 'release.key.pub'];
  const locked = ripple(...init);
  assert.equal(locked.status, 1);
  assert.match(locked.err, /^ripple keyring: root.key: is locked: give its passphrase \(--passphrase-file\)\n$/);
  must(...init, '--passphrase-file', 'pass');

  const unlocked = ['--repo', 'repo', '--sign', 'root.key', '--passphrase-file', 'pass'];
  assert.match(
    must('keyring', 'add', '--role', 'root', 'other.key.pub', '--threshold', 'root=2', ...unlocked),
    /waits/,
  );
  assert.match(must('keyring', 'show', '--repo', 'repo'), /keyring 1\n[\s\S]*keyring 2 waits for signatures/);
  must('keyring', 'sign', 'other.key', '--repo', 'repo');
  const shown = JSON.parse(must('keyring', 'show', '--repo', 'repo', '--json'));
  assert.equal(shown.version, 2);
  const roots = shown.roles.find(({ role }: { role: string }) => role === 'root');
  assert.equal(roots.threshold, 2);
  assert.deepEqual(
    roots.keys.map((key: { fingerprint: string }) => key.fingerprint),
    [root, other],
  );

  const absent = ripple('keyring', 'remove', '0'.repeat(40), ...unlocked);
  assert.equal(absent.status, 1);
  assert.match(absent.err, /does not list key 0{40}/);
  must('keyring', 'add', '--role', 'release', 'other.key', ...unlocked, '--sign', 'other.key');
  must('keyring', 'remove', release, ...unlocked, '--sign', 'other.key');
  assert.equal(JSON.parse(must('keyring', 'show', '--repo', 'repo', '--json')).version, 4);
});

test('wrong use is told as such', () => {
  const ripple = (...args: string[]): { status: number | null; err: string } => {
    const { status, stderr } = spawnSync(process.execPath, [main, 'keyring', ...args], { encoding: 'utf8' });
    return { status, err: stderr };
  };
  for (const [args, message] of [
    [['shuffle', '--repo', 'r'], /"shuffle" is none of init, add/],
    [['init', '--repo', 'r'], /--root KEY is missing/],
    [['show'], /--repo/],
    [['add', '--repo', 'r'], /KEY is missing/],
    [['add', '--repo', 'r', 'k'], /--role ROLE is missing/],
    [['add', '--repo', 'r', 'k', '--role', 'boss'], /"boss" is no role/],
    [['add', '--repo', 'r', '--threshold', 'root=many'], /whole number from 1 to 16/],
  ] as const) {
    const { status, err } = ripple(...args);
    assert.equal(status, 2, err);
    assert.match(err, message);
  }
});
