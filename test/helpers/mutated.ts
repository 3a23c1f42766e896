import type { Random } from './random.ts';

/** A damaged copy of one of `originals`: cut, bits turned, bytes set, pieces put in, left out or taken from another. */
export function mutated(random: Random, originals: readonly Buffer[]): Buffer {
  const pick = (): Buffer => originals[random.integer(originals.length)] ?? Buffer.alloc(0);
  let bytes = Buffer.from(pick());
  for (let times = random.integer(3); times >= 0; times--) {
    const at = random.integer(bytes.length + 1);
    const end = Math.min(bytes.length, at + random.integer(40));
    switch (random.integer(7)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
        break;
      case 2:
        if (at < bytes.length) bytes[at] = random.integer(256);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(random.integer(20)), bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
        break;
      case 5: {
        const other = pick();
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random.integer(other.length + 1))]);
        break;
      }
      default:
        bytes.fill(random.pick([0, 255, 127, 128]), at, end);
    }
  }
  return bytes;
}
