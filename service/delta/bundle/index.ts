export { DamagedBaseError } from './base-files.ts';
export {
  BundleDecoder,
  type DecodeBundleOptions,
  type DecodedBundle,
  decodeBundle,
} from './decode.ts';
export { type EncodeBundleOptions, encodeBundle } from './encode.ts';
export { BUNDLE_MAGIC } from './format.ts';
export { type FileLine, OldFiles } from './manifest-files.ts';
export type { BaseFile } from './new-files.ts';
