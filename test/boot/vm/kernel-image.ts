/** The kernel as QEMU's direct boot wants it (PVH, an ELF file), which saves a second of unpacking at each start. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/** How a bzImage's payload may be packed (Documentation/x86/boot.rst: payload_offset): first bytes, and who unpacks it. */
const PACKERS = [
  { magic: Buffer.from([0x02, 0x21, 0x4c, 0x18]), command: ['lz4', '-dc'] },
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), command: ['xz', '-dc'] },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), command: ['zstd', '-dc'] },
  { magic: Buffer.from([0x1f, 0x8b, 0x08]), command: ['gzip', '-dc'] },
] as const;
const SETUP_SECTORS = 0x1f1;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;

/** Writes the ELF inside `vmlinuz` to `target`. */
export function unpackKernel(vmlinuz: string, target: string): void {
  const image = readFileSync(vmlinuz);
  const start = ((image[SETUP_SECTORS] ?? 0) + 1) * 512 + image.readUInt32LE(PAYLOAD_OFFSET);
  const payload = image.subarray(start, start + image.readUInt32LE(PAYLOAD_LENGTH));
  const packer = PACKERS.find(({ magic }) => payload.subarray(0, magic.length).equals(magic));
  if (!packer) throw new Error(`${vmlinuz}: packed in a way that this test does not know`);
  const [program, ...args] = packer.command;
  // The length of the kernel follows its packed bytes: unpackers complain about that, and have done their work.
  const { stdout } = spawnSync(program, args, { input: payload, maxBuffer: 2 ** 28 });
  if (stdout.subarray(1, 4).toString() !== 'ELF') throw new Error(`${vmlinuz}: ${program} found no kernel in it`);
  writeFileSync(target, stdout);
}

/** An initramfs without its compression: the guest need not do what the host can do faster. */
export function unpackInitrd(initrd: string, target: string): void {
  const { stdout, status } = spawnSync('gzip', ['-dc', initrd], { maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${initrd} is not packed by gzip`);
  writeFileSync(target, stdout);
}
