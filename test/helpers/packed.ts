/** Compressed files as Debian's own programs make them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KIND } from '../../service/delta/ripdiff/parse/symbols.ts';
import { type BlockHeader, writeHeader } from '../../service/delta/xz/block-header.ts';
import { CHECK } from '../../service/delta/xz/checks.ts';
import { CONTROL, chunkHeader } from '../../service/delta/xz/chunk.ts';
import { streamHeader, streamTail } from '../../service/delta/xz/container.ts';
import { propertiesOf } from '../../service/delta/xz/lzma.ts';
import { LzmaWriter } from '../../service/delta/xz/lzma-writer.ts';
import type { Random } from './random.ts';

const MAX_BYTES = 1 << 28;

export function gzipped(bytes: Uint8Array, level = 9, ...options: string[]): Buffer {
  return execFileSync('gzip', [`-${level}`, '-nc', ...options], { input: bytes, maxBuffer: MAX_BYTES });
}

const WITH_ZLIB = `use Compress::Raw::Zlib; binmode STDIN; binmode STDOUT; local $/; my $in = <STDIN>; my $out = '';
  my $d = Compress::Raw::Zlib::Deflate->new(-Level => $ARGV[0], -MemLevel => $ARGV[1], -WindowBits => -15, -AppendOutput => 1);
  $d->deflate($in, $out); if ($ARGV[2]) { $d->flush($out, Z_SYNC_FLUSH); $d->deflate($in, $out) } $d->flush($out); print $out;`;

/** A bare deflate stream by zlib. `flushed`: the content twice, with a flush in between. */
export function zlibDeflated(bytes: Uint8Array, level: number, memoryLevel = 8, flushed = false): Buffer {
  const args = ['-e', WITH_ZLIB, `${level}`, `${memoryLevel}`, flushed ? '1' : ''];
  return execFileSync('perl', args, { input: bytes, maxBuffer: MAX_BYTES });
}

/** A stream with the header and trailer of a gzip file around it. */
export function asGzip(stream: Uint8Array, trailer: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('1f8b08000000000002ff', 'hex'), stream, trailer]);
}

/** A zip file with these streams in it, and something at its end. */
export function asZip(streams: readonly Uint8Array[]): Buffer {
  const entries = streams.flatMap((stream, index) => {
    const name = Buffer.from(`file${index}`);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    // Every other one tells its sizes after the data.
    header.writeUInt16LE(index % 2 === 0 ? 0 : 8, 6);
    header.writeUInt16LE(8, 8);
    header.writeUInt32LE(stream.length, 18);
    header.writeUInt16LE(name.length, 26);
    return [header, name, stream, Buffer.alloc(index % 2 === 0 ? 0 : 16, 'PK\x07\x08')];
  });
  return Buffer.concat([...entries, Buffer.from('PK\x01\x02 and so on')]);
}

/** Sentences of a few hundred words. */
export function prose(random: Random, bytes: number): Buffer {
  const words = Array.from({ length: 400 }, () =>
    random
      .bytes(2 + random.integer(8))
      .toString('hex')
      .slice(random.integer(4)),
  );
  let text = '';
  while (text.length < bytes) text += (words[random.integer(400)] ?? '') + (random.integer(9) === 0 ? '.\n' : ' ');
  return Buffer.from(text.slice(0, bytes));
}

/** From a file, so that its size is known from the beginning. */
export function zstdPacked(bytes: Uint8Array, ...options: string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'ripple-zstd-'));
  try {
    const file = join(folder, 'file');
    writeFileSync(file, bytes);
    return execFileSync('zstd', ['-qc', ...options, file], { maxBuffer: MAX_BYTES });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function xzPacked(bytes: Uint8Array, ...options: string[]): Buffer {
  return execFileSync('xz', ['-c', '-T1', ...options], { input: bytes, maxBuffer: MAX_BYTES });
}

/** An xz file by nobody's packer: literals only, in chunks that end where no packer ends them. */
export function xzInChunks(bytes: Uint8Array, chunkBytes: number): Buffer {
  const writer = new LzmaWriter(bytes);
  const parts: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    const end = Math.min(bytes.length, from + chunkBytes);
    const control = from === 0 ? CONTROL.packedAnew : CONTROL.packed;
    if (from === 0) writer.reset(propertiesOf(USUAL_PROPERTIES));
    writer.begin();
    for (let at = from; at < end; at++) writer.symbol(KIND.literal, at, 1, 0);
    const packed = Buffer.from(writer.finish());
    parts.push(chunkHeader(control, end - from, packed.length, from === 0 ? USUAL_PROPERTIES : undefined), packed);
  }
  const data = Buffer.concat([...parts, Uint8Array.of(0)]);
  const header = writeHeader(LZMA2_ONLY, { packedBytes: 0, unpackedBytes: 0 });
  const sizes = { unpaddedBytes: header.length + data.length, unpackedBytes: bytes.length };
  const padding = new Uint8Array(-data.length & 3);
  return Buffer.concat([streamHeader(CHECK.none), header, data, padding, streamTail(CHECK.none, [sizes])]);
}

/** lc 3, lp 0, pb 2. */
const USUAL_PROPERTIES = 0x5d;
const LZMA2_ONLY: BlockHeader = {
  sizeBytes: 12,
  hasPackedSize: false,
  hasUnpackedSize: false,
  filterCount: 1,
  filters: Uint8Array.of(0x21, 1, 20),
  filter: 'none',
};
