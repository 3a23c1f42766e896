/** What may be written to on a running laptop, and where it ends up. */
import assert from 'node:assert/strict';
import type { Machine } from './machine.ts';

/** Each of these would change a system file, by another path. */
const ATTEMPTS = (version: number): readonly string[] => [
  'echo x >>/usr/share/test/version',
  'rm /usr/share/test/version',
  'chmod 0600 /usr/share/test/version',
  'touch /new-file',
  `echo x >>/sysroot/rootfs/xo.${version}/usr/share/test/version`,
  `touch /sysroot/rootfs/xo.${version}/etc/new-file`,
  'echo x >>/proc/1/root/usr/share/test/version',
  'mount --bind /sysroot/rootfs /mnt && echo x >>/mnt/current/usr/share/test/version',
  'ln /usr/share/test/version /var/linked && echo x >>/var/linked',
  'rm /sysroot/rootfs/boot',
  'echo x >>/var/lib/dpkg/status',
];

export async function assertReadOnly(machine: Machine, version: number): Promise<void> {
  for (const attempt of ATTEMPTS(version)) {
    const { status, output } = await machine.run(attempt);
    assert.notEqual(status, 0, attempt);
    assert.match(output, /Read-only file system|Invalid cross-device link/, attempt);
  }
  await machine.run('umount /mnt; rm -f /var/linked');
  // Nor is the disk mounted anywhere else: fields 4 to 6 of proc(5), mountinfo, are what of it, where, and how.
  const mounts = await machine.ok("grep ' - ext4 ' /proc/self/mountinfo | cut -d ' ' -f 4-6");
  for (const mount of mounts.trim().split('\n')) assert.match(mount, / ro,|^\/laptop\/(home|root|var) /);
}

export async function assertRunningTree(machine: Machine, version: number): Promise<void> {
  await assertReadOnly(machine, version);
  // /etc can be written to, and the version's own stays as it is.
  await machine.ok('echo more >>/etc/test/mine && chmod 0600 /etc/test/mine');
  assert.equal(await machine.ok(`cat /sysroot/rootfs/xo.${version}/etc/test/mine`), `of version ${version}\n`);
  assert.equal(await machine.ok(`stat -c %a /sysroot/rootfs/xo.${version}/etc/test/mine`), '644\n');
  // What a first start makes.
  assert.match(await machine.ok('cat /etc/machine-id'), /^[0-9a-f]{32}\n$/);
  await machine.ok('test -s /etc/ssh/ssh_host_ed25519_key');
}

/** The child's work, a setting that 7 does not touch, and one that it does. */
export async function leaveOwnFiles(machine: Machine): Promise<void> {
  await machine.ok(
    'mkdir -p /home/child && echo story >/home/child/work && echo mine >/etc/test/mine && echo mine >/etc/test/ours && cp /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub /var/lib/misc/ && sync',
  );
}

export async function ownFilesAreThere(machine: Machine): Promise<void> {
  assert.equal(await machine.ok('cat /home/child/work'), 'story\n');
  await machine.ok('cmp /etc/machine-id /var/lib/misc/machine-id');
  await machine.ok('cmp /etc/ssh/ssh_host_ed25519_key.pub /var/lib/misc/ssh_host_ed25519_key.pub');
  assert.equal(await machine.ok('cat /etc/test/mine'), 'mine\n', 'changed here only');
  assert.equal(await machine.ok('cat /etc/test/yours'), 'of version 7\n', 'changed by 7 only');
  assert.equal(await machine.ok('cat /etc/test/ours'), 'mine\n', 'changed by both: the laptop wins');
  const status = await machine.ok('ripple status');
  assert.match(status, /\/etc\/test\/ours was changed here and by version 7/);
  assert.doesNotMatch(status, /mine|yours/);
  assert.match(await machine.ok('tail -n 3 /sysroot/ripple/history.jsonl'), /"event":"etc".*"\/etc\/test\/ours"/);
}
