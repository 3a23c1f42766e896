import type { Random } from './random.ts';

/** Bytes with some structure: runs, repeats, text and noise. */
export function structuredBytes(random: Random, length: number): Buffer {
  const parts: Buffer[] = [];
  let made = 0;
  while (made < length) {
    const size = 1 + random.integer(Math.max(1, Math.min(length - made, 400)));
    const earlier = parts[random.integer(Math.max(parts.length, 1))];
    const kind = random.integer(4);
    let part: Buffer;
    if (kind === 0) part = Buffer.alloc(size, random.integer(256));
    else if (kind === 1 && earlier) part = Buffer.from(earlier.subarray(0, size));
    else if (kind === 2) part = Buffer.from('the quick laptop updates itself; '.repeat(20).slice(0, size));
    else part = random.bytes(size);
    parts.push(part);
    made += part.length;
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** A version of `bytes` after some edits: bytes changed, pieces cut, doubled, moved and written anew. */
export function edited(random: Random, bytes: Buffer, edits: number): Buffer {
  let now = Buffer.from(bytes);
  for (let i = 0; i < edits; i++) {
    const at = random.integer(now.length + 1);
    const end = Math.min(now.length, at + random.integer(100));
    const before = now.subarray(0, at);
    const after = now.subarray(end);
    const middle = now.subarray(at, end);
    const kind = random.integer(5);
    if (kind === 0) now = Buffer.concat([before, after]);
    else if (kind === 1) now = Buffer.concat([before, middle, middle, after]);
    else if (kind === 2) now = Buffer.concat([before, random.bytes(random.integer(60)), middle, after]);
    else if (kind === 3) now = Buffer.concat([after, before, middle]);
    else if (now.length > 0) now[Math.min(at, now.length - 1)] = random.integer(256);
  }
  return now;
}
