/** A tree with everything odd in it, made with the system's own tools: nothing of ours is both maker and reader. Needs root. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const ODD_TREE = `
set -eu
cd "$1"
umask 022
mkdir -p a usr/bin 'dir with space' sticky
printf one > a-b; printf two > a/b
: > empty
ln a/b usr/bin/also-b; ln a/b 0-first-name-of-b
ln -s ../nowhere dangling
ln -s "$(printf 'caf\\351 \\n*')" "$(printf 'link\\n\\377')"
mkfifo fifo
mknod null c 1 3; mknod far c 511 70000; mknod disk b 8 1
printf x > "$(printf 'new\\nline')"; printf x > "$(printf 'caf\\351')"; printf x > 'tab	#=\\*?[c]'
printf x > -n; printf x > '[c]'; printf y > c; printf x > '*'; printf x > \\\\; printf x > ' '
printf su > su; chown 12:34 su; chmod 6755 su
chmod 1777 sticky
cp /bin/true usr/bin/ping; setcap cap_net_raw+ep usr/bin/ping
setfattr -n user.text -v hello usr/bin/ping
setfattr -n user.bytes -v 0x00ff0a 'dir with space'
setfattr -n trusted.link -v 1 -h dangling
printf secret > closed; chmod 0 closed; chown 1234567:7654321 closed
truncate -s 5000000 holes; printf data | dd of=holes bs=1 seek=2000000 conv=notrunc status=none
truncate -s 1000000 only-a-hole
dd if=/dev/zero of=zeros bs=100000 count=1 status=none
head -c 3000000 /dev/urandom > large
touch -d '1960-02-03 04:05:06.789 UTC' a-b
touch -d '2100-02-03 04:05:06.000000001 UTC' empty
touch -h -d '2001-01-01 UTC' dangling
touch -d '2020-01-01 UTC' usr/bin usr a .
`;

/** Fills `folder`. */
export function makeOddTree(folder: string): void {
  const made = spawnSync('sh', ['-c', ODD_TREE, 'sh', folder], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
}
