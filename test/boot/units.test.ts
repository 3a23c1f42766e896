/** The systemd units, judged by systemd itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROJECT_ROOT } from '../helpers/private-bus.ts';

const UNITS = join(PROJECT_ROOT, 'assets/systemd');
/**
 * Of 100, where 100 is a service that may do everything. What is left: chown, capabilities and device nodes of trees, and
 * becoming nobody, for rsync.
 */
const MOST_EXPOSED = 36;

const skip = existsSync('/usr/bin/systemd-analyze') ? false : 'systemd is not installed';

test('the daemon may do no more than it needs', { skip }, () => {
  const unit = join(UNITS, 'ripple.service');
  const args = ['security', '--no-pager', '--offline=true', `--threshold=${MOST_EXPOSED}`, unit];
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout.split('\n').slice(-3).join('\n')}${stderr}`);
});

test('what every unit starts is in the package, and what must hold for the sandbox is there', () => {
  const programs = new Set(readdirSync(join(PROJECT_ROOT, 'assets/libexec')));
  for (const name of readdirSync(UNITS).filter((file) => file.endsWith('.service'))) {
    const text = readFileSync(join(UNITS, name), 'utf8');
    for (const [, program = ''] of text.matchAll(/\/usr\/lib\/ripple\/(ripple-[a-z-]+)/g))
      assert.ok(programs.has(program), `${name}: ${program}`);
    // Without a mount namespace of its own it would make the sysroot writable for everybody, and so it refuses.
    if (text.includes('ripple-with-sysroot')) assert.match(text, /^(PrivateMounts|ProtectSystem)=/m, name);
  }
});

test('the daemon sees sticks that are mounted after it started', () => {
  const text = readFileSync(join(UNITS, 'ripple.service'), 'utf8');
  assert.match(text, /^PrivateMounts=yes$/m);
  assert.match(text, /^MountFlags=slave$/m);
  assert.doesNotMatch(text, /^(Inaccessible|TemporaryFileSystem|RootDirectory|RootImage|NoExecPaths)/m);
  assert.match(text, /^ProtectHome=yes$/m, 'which is /home, /root and /run/user');
});

test('who calls on the bus starts the daemon by its unit', () => {
  const service = readFileSync(join(PROJECT_ROOT, 'assets/dbus/org.laptop.Ripple1.service'), 'utf8');
  const unit = /^SystemdService=(.*)$/m.exec(service)?.[1] ?? '';
  assert.match(readFileSync(join(UNITS, unit), 'utf8'), /^BusName=org\.laptop\.Ripple1$/m);
});
