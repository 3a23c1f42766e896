/** What the test puts into an image besides Debian and Ripple: an agent on the second serial port, and fewer units. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const AGENT = `#!/bin/sh
exec 3<>/dev/ttyS1
stty raw -echo <&3
printf 'agent ready\\n' >&3
while IFS= read -r line <&3; do
  sh -c "\${line#* }" >/run/agent.out 2>&1 3>&- </dev/null
  printf 'answer %s %s %s\\n' "\${line%% *}" "$?" "$(base64 -w 0 /run/agent.out)" >&3
done
`;

const UNITS: Readonly<Record<string, string>> = {
  'test-agent.service': `[Unit]
DefaultDependencies=no
After=sysinit.target dbus.socket
Conflicts=shutdown.target
[Service]
ExecStart=/usr/lib/test/agent
`,
  'test-net.service': `[Unit]
DefaultDependencies=no
After=systemd-udev-trigger.service
Before=network.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'ip link set lo up; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2'
`,
  // Who listens from the beginning hears what is said at the beginning.
  'test-monitor.service': `[Unit]
Before=ripple.service
[Service]
ExecStart=/bin/sh -c 'exec busctl --json=short monitor org.laptop.Ripple1 >/run/monitor'
`,
};

/** Started on any Debian, and of no use here. */
const MASKED = [
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
  ...['e2scrub_reap.service', 'getty@tty1.service', 'serial-getty@ttyS0.service', 'getty-static.service'],
  ...['systemd-networkd.service', 'systemd-networkd.socket', 'systemd-networkd-wait-online.service'],
  ...['systemd-network-generator.service', 'systemd-logind.service', 'systemd-update-utmp.service'],
  ...['systemd-tmpfiles-clean.timer', 'systemd-binfmt.service', 'systemd-pstore.service', 'sys-kernel-debug.mount'],
  ...['sys-kernel-tracing.mount', 'dev-hugepages.mount', 'dev-mqueue.mount', 'systemd-udev-settle.service'],
  ...['systemd-hwdb-update.service', 'systemd-journal-catalog-update.service', 'modprobe@.service', 'ldconfig.service'],
];

export function addTestParts(tree: string): void {
  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text, { mode });
  };
  const link = (target: string, path: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    rmSync(join(tree, path), { force: true });
    symlinkSync(target, join(tree, path));
  };
  put('usr/lib/test/agent', AGENT, 0o755);
  for (const [name, text] of Object.entries(UNITS)) {
    put(`usr/lib/systemd/system/${name}`, text);
    link(`../${name}`, `usr/lib/systemd/system/basic.target.wants/${name}`);
  }
  for (const name of MASKED) link('/dev/null', `etc/systemd/system/${name}`);
}
