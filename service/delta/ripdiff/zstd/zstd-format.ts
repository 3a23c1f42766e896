import type { Frame } from '../../zstd/frame.ts';
import { unpackZstd } from '../../zstd/unpack.ts';
import type { PackedFormat } from '../parse/packed-files.ts';
import { FrameCodec } from './frame-codec.ts';

export const ZSTD: PackedFormat<Frame> = { unpack: unpackZstd, codec: () => new FrameCodec(), ends: [true] };
