import { UnreadableStreamError } from '../../deflate/format.ts';
import type { NumberModels } from '../numbers.ts';
import type { BitCoder } from '../range-coder.ts';
import type { Output } from './output.ts';
import type { Packing } from './packing.ts';
import type { History } from './symbols.ts';

/** Contexts of `numbers` that are taken; what follows is the format's own. */
const NUMBER = { streams: 0, before: 1 } as const;
export const OWN_NUMBERS = 2;

interface Extent {
  readonly from: number;
  readonly end: number;
}

/** A whole file: its streams, each coded by `one`, and what stands before, between and after them as it is in the form. */
export function codeStreams<Stream extends Extent>(
  coder: BitCoder,
  numbers: NumberModels,
  packing: Packing<History>,
  out: Output,
  given: readonly Stream[],
  one: (stream: Stream | undefined) => void,
): void {
  const { form } = packing;
  const count = numbers.code(coder, NUMBER.streams, given.length);
  let fileAt = 0;
  for (let i = 0; i < count; i++) {
    const stream = given[i];
    const { at } = packing;
    const before = numbers.code(coder, NUMBER.before, (stream?.from ?? 0) - fileAt);
    if (before > form.length - at) throw senseless();
    out.add(form.subarray(at, at + before));
    packing.at += before;
    one(stream);
    fileAt = stream?.end ?? 0;
  }
  out.add(form.subarray(packing.at));
}

export function senseless(): UnreadableStreamError {
  return new UnreadableStreamError('how it was packed makes no sense');
}
