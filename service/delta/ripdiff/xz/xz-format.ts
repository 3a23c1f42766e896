import type { Stream } from '../../xz/container.ts';
import { unpackXz } from '../../xz/unpack.ts';
import type { PackedFormat } from '../parse/packed-files.ts';
import { StreamCodec } from './stream-codec.ts';

export const XZ: PackedFormat<Stream> = { unpack: unpackXz, codec: () => new StreamCodec(), ends: [true, false] };
