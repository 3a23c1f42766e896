/** A tree with at least one of everything that a manifest can say. Making it on a disk needs root. */
import { alias, device, fifo, file, folder, symlink, type TestTree, treeOf } from './sysroot.ts';

/** Names in the order of their bytes is not the order of their folders: `a`, `a-b`, `a/b`. */
export function oddTree(): TestTree {
  const first = file('./group/first', 'one inode', { mode: 0o750, gid: 7 });
  const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
  return treeOf([
    file('./a/b', 'in a folder'),
    file('./a-b', 'beside it'),
    file('./empty', ''),
    file('./also-empty', ''),
    first,
    alias('./group/second', first),
    alias('./z-other-folder/third', first),
    file('./sparse', Buffer.concat([Buffer.alloc(1 << 20), Buffer.from('middle'), Buffer.alloc(1 << 20)]), {
      sparse: true,
    }),
    file('./sparse-all', Buffer.alloc(300_000), { sparse: true }),
    file('./zeros-without-holes', Buffer.alloc(300_001)),
    file('./su', 'setuid', { mode: 0o4755 }),
    file('./sg', 'setgid', { mode: 0o2755, gid: 42 }),
    file('./closed', 'nobody reads', { mode: 0 }),
    file('./someone', 'else', { uid: 1234, gid: 4321 }),
    file('./ping', 'capability', { mode: 0o755, xattrs: [{ name: 'security.capability', value: capability }] }),
    file('./attributes', 'a', {
      xattrs: [
        { name: 'user.empty', value: Buffer.alloc(0) },
        { name: 'user.long', value: Buffer.alloc(2000, 0xff) },
      ],
    }),
    file('./before-1970', 'old', { timeNs: -1_500_000_000n }),
    file('./after-2038', 'new', { timeNs: 4_000_000_000_999_999_999n }),
    file('./with space', '1'),
    file('./with\nnewline', '2'),
    file('./with\ttab\\backslash#hash=equals*star', '3'),
    file('./\xff\xfe not utf-8 \x01', '4'),
    file('./\xc3\xa9t\xc3\xa9', '5'),
    file(`./${'x'.repeat(255)}`, '6'),
    file('./-n', '7'),
    folder('./closed-folder', { mode: 0 }),
    folder('./sticky', { mode: 0o1777, xattrs: [{ name: 'user.of', value: Buffer.from('a folder') }] }),
    folder('./setgid', { mode: 0o2775, gid: 50 }),
    file('./setgid/inside', 'keeps its own group'),
    symlink('./dangling', '../../nowhere at all'),
    symlink('./absolute', '/etc/passwd', { uid: 5, timeNs: 1n }),
    symlink('./bytes', '\xff \n'),
    fifo('./fifo'),
    device('./null', 'char', 0x103),
    device('./disk', 'block', 0x800),
  ]);
}
