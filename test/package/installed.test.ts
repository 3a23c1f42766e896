/** The packages installed, used, upgraded, removed: in a fresh Debian, by dpkg, where no service can be started. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { Chroot, chrootMissing } from '../helpers/chroot.ts';
import { makePackages, packagingMissing } from '../helpers/packages.ts';
import { tempFolder } from '../helpers/temp.ts';

const NAMES = ['ripple', 'ripple-activity', 'ripple-school'];
const QUIET = 'DEBIAN_FRONTEND=noninteractive';

/** Every path but what Debian's own tools keep about what was once installed. */
const EVERYTHING = `find / -xdev \\( -path /debs -o -path /proc -o -path /dev -o -path /run -o -path /tmp -o -path /var/lib/dpkg -o -path /var/log \\
  -o -path /var/cache -o -path /var/lib/systemd/deb-systemd-helper-enabled -o -path /var/lib/systemd/deb-systemd-helper-masked \\) -prune -o -print |
  grep -Ev '^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$' | sort`;

test('installed packages', { skip: packagingMissing || chrootMissing }, async (t) => {
  const debian = new Chroot(t, ['dbus', 'busybox-static', 'gpgv', 'adduser', 'libstdc++6', 'init-system-helpers']);
  const packages = makePackages(join(tempFolder(t, 'ripple-packages'), 'out'));
  mkdirSync(join(debian.root, 'debs'));
  for (const name of NAMES) copyFileSync(packages[name] ?? '', join(debian.root, 'debs', `${name}.deb`));
  const before = debian.ok(EVERYTHING);
  const accounts = debian.ok('getent passwd; getent group');

  await t.test('dpkg installs them without a word of trouble', () => {
    const ran = debian.run(`${QUIET} dpkg -i /debs/*.deb`);
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    assert.equal(ran.stderr.replace(/^.*(debconf|apt-utils).*\n/gm, ''), '');
    assert.equal(debian.ok('dpkg --audit'), '');
    assert.match(debian.ok('getent group ripple'), /^ripple:/);
    assert.equal(debian.ok('stat -c "%U %a" /var/lib/ripple/repository'), 'ripple-school 755\n');
  });

  await t.test('every unit that starts by itself is enabled, and every program that a unit starts is there', () => {
    const units = debian.ok("dpkg -L ripple ripple-school | grep '/systemd/system/.'").trim().split('\n');
    assert.ok(units.length > 0);
    for (const unit of units) {
      const text = readFileSync(join(debian.root, unit), 'utf8');
      for (const [, target] of text.matchAll(/^WantedBy=(\S+)$/gm))
        assert.ok(debian.ok(`ls /etc/systemd/system/${target}.wants`).includes(basename(unit)), unit);
      for (const [, program = ''] of text.matchAll(/^Exec\w+=[-+!:@]*(\/usr\/(?:lib\/ripple|bin\/ripple)\S*)/gm))
        assert.equal(debian.run(`test -x ${program}`).status, 0, `${unit}: ${program}`);
    }
  });

  await t.test('the command line runs on its own Node, and says in one line what is missing', () => {
    assert.notEqual(debian.run('command -v node').status, 0, 'Debian brings no node of its own here');
    assert.match(debian.ok('ripple --help'), /^NAME\n {4}ripple - /);
    assert.match(debian.ok('ripple --version'), /^ripple [0-9]/);
    const away = debian.run('ripple status');
    assert.equal(away.status, 1);
    assert.match(away.stderr, /^ripple status: no message bus at .*\n$/);
  });

  await t.test('publishing and differences work: keys, threads, system calls', () => {
    debian.ok(`mkdir -p /trial/6/etc /trial/7/etc && cd /trial
      head -c 300000 /usr/bin/bash >6/bash && head -c 300001 /usr/bin/bash >7/bash && chmod 4755 6/bash 7/bash
      ripple keygen --out key
      ripple publish 6 --repo repo --image xo --version 6 --key key
      ripple publish 7 --repo repo --image xo --version 7 --key key --diff-from 6
      ripple diff 6/bash 7/bash diff && ripple patch 6/bash diff new && cmp new 7/bash`);
    assert.match(debian.ok('ls /trial/repo/images/xo'), /7\.pgp/);
  });

  await t.test('a call on the system bus starts the daemon, and the policy lets everybody ask', () => {
    writeFileSync(
      join(debian.root, 'etc/ripple/ripple.toml'),
      'sysroot = "/trial/disk"\nkeyring = "/trial/repo/keyring/1.pgp"\nshare.listen = ["127.0.0.1"]\nshare.port = 0\ndiscovery.kind = "none"\n',
    );
    const told = debian.ok(`mkdir -p /trial/disk /run/dbus && dbus-daemon --system
      setpriv --reuid nobody --clear-groups dbus-send --system --print-reply --dest=org.laptop.Ripple1 \\
        /org/laptop/Ripple1 org.freedesktop.DBus.Properties.Get string:org.laptop.Ripple1.Updater string:State
      ripple status --json`);
    assert.match(told, /variant {7}string "idle"/);
    assert.match(told, /"image":"xo"/);
  });

  await t.test('the school server gives what is published to it, as a user of its own', () => {
    const told = debian.ok(`cp -r /trial/repo/. /var/lib/ripple/repository/
      printf 'discovery.kind = "none"\\n' >>/etc/ripple/school.toml
      setpriv --reuid ripple-school --regid ripple-school --clear-groups \\
        ripple daemon --config /etc/ripple/school.toml >/trial/school.log 2>&1 &
      for i in $(seq 100); do grep -q ready /trial/school.log && break; sleep 0.1; done
      busybox wget -q -O - http://127.0.0.1:8517/images/xo/7.pgp | wc -c`);
    assert.ok(Number(told) > 100, told);
  });

  await t.test('the activity shows its page', () => {
    assert.match(
      debian.ok('HOME=/trial timeout 5 ripple-activity --print >/trial/page 2>&1 || true; cat /trial/page'),
      /^http:\/\/127\.0\.0\.1:[0-9]+\//,
    );
  });

  await t.test('an upgrade keeps what was configured, enabled or not', () => {
    const made = join(debian.root, 'debs/next');
    execFileSync('dpkg-deb', ['-R', join(debian.root, 'debs/ripple-school.deb'), made]);
    const control = join(made, 'DEBIAN/control');
    writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, 'Version: 99.0'));
    writeFileSync(join(made, 'etc/ripple/school.toml'), '# another default\n');
    execFileSync('dpkg-deb', ['-Zgzip', '-b', made, `${made}.deb`], { stdio: 'ignore' });
    const kept = debian.ok(
      'rm /etc/systemd/system/multi-user.target.wants/ripple-school.service; cat /etc/ripple/school.toml',
    );
    debian.ok(`${QUIET} dpkg --force-confdef --force-confold -i /debs/next.deb`);
    assert.equal(debian.ok('cat /etc/ripple/school.toml'), kept);
    assert.equal(
      existsSync(join(debian.root, 'etc/systemd/system/multi-user.target.wants/ripple-school.service')),
      false,
    );
  });

  await t.test('removed and purged, nothing is left', () => {
    debian.ok(`${QUIET} dpkg -r ripple-activity ripple-school ripple`);
    assert.equal(existsSync(join(debian.root, 'etc/ripple/ripple.toml')), true, 'configuration stays until purged');
    assert.match(debian.ok('ls /var/lib/ripple/repository'), /images/);
    debian.ok(
      `rm -rf /trial; find /var/lib/ripple/repository -mindepth 1 -delete; ${QUIET} dpkg --purge ripple-activity ripple-school ripple`,
    );
    rmSync(join(debian.root, 'debs'), { recursive: true });
    const left = debian
      .ok(EVERYTHING)
      .split('\n')
      .filter((path) => !before.split('\n').includes(path));
    assert.deepEqual(left, []);
    assert.equal(debian.ok('getent passwd; getent group'), accounts);
  });
});
