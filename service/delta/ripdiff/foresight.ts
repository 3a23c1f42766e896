/** What copied bytes become when all their references hold what is predicted, and nothing else changed. */
import { i32, putU32 } from '../exe/bytes.ts';
import type { Predictor } from '../exe/predictor.ts';
import { BUILD_ID_TEXT_LENGTH, KIND, type References, widthOf } from '../exe/references.ts';

/** Index of the first reference, not before `from`, that stands at `position` or later. */
export function firstFrom({ positions, count }: References, from: number, position: number): number {
  let low = from;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Puts the predicted words into `out[from..end)`, where the old bytes from `oldPosition` (of `out[0]`) stand; `next` is the first
 * reference to look at. Answers the next one; `endOf` tells where the bytes end that belong to those before.
 */
export function foresee(
  predictor: Predictor,
  next: number,
  out: Uint8Array,
  from: number,
  end: number,
  oldPosition: number,
  newPosition: number,
): number {
  const { positions, kinds, count } = predictor.references;
  let reference = next;
  for (let at = from; reference < count; reference++) {
    const position = (positions[reference] ?? 0) - oldPosition;
    if (position >= end) break;
    const kind = kinds[reference] ?? 0;
    const after = position + widthOf(kind);
    if (position < at || after > out.length) continue;
    if (kind === KIND.buildIdText) out.set(expectedBuildId(predictor, reference), position);
    else putU32(out, position, predicted(predictor, reference, out, position, oldPosition, newPosition));
    at = after;
  }
  return reference;
}

/** Where a stretch ends that should end at `end`: no reference is cut, but by the end of `out`. */
export function stretchEnd(
  references: References,
  next: number,
  end: number,
  oldPosition: number,
  length: number,
): number {
  const last = firstFrom(references, next, oldPosition + end) - 1;
  if (last < next) return end;
  const after = (references.positions[last] ?? 0) + widthOf(references.kinds[last] ?? 0) - oldPosition;
  return after > end && after <= length ? after : end;
}

/** Whether `foresee` would make of `out[from..end)` what `target` holds there. */
export function isForeseen(
  predictor: Predictor,
  next: number,
  out: Uint8Array,
  target: Uint8Array,
  from: number,
  end: number,
  oldPosition: number,
  newPosition: number,
): boolean {
  const { positions, kinds, count } = predictor.references;
  let at = from;
  for (let reference = next; reference < count; reference++) {
    const position = (positions[reference] ?? 0) - oldPosition;
    if (position >= end) break;
    const kind = kinds[reference] ?? 0;
    const after = position + widthOf(kind);
    if (position < at || after > out.length) continue;
    if (differ(out, target, at, position)) return false;
    if (kind === KIND.buildIdText) {
      if (Buffer.compare(expectedBuildId(predictor, reference), target.subarray(position, after)) !== 0) return false;
    } else if (predicted(predictor, reference, out, position, oldPosition, newPosition) !== i32(target, position)) {
      return false;
    }
    at = after;
  }
  return !differ(out, target, at, end);
}

function predicted(
  predictor: Predictor,
  reference: number,
  out: Uint8Array,
  position: number,
  oldPosition: number,
  newPosition: number,
): number {
  const value = i32(out, position);
  const { kinds, aux } = predictor.references;
  const from = oldPosition + position;
  const to = newPosition + position;
  // Most calls and jumps are near.
  if (kinds[reference] === KIND.pcRelative && predictor.map.keepsDistance(from, to, (aux[reference] ?? 0) + value))
    return value;
  return predictor.predict(reference, value, from, to) | 0;
}

function differ(a: Uint8Array, b: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (a[i] !== b[i]) return true;
  return false;
}

/** The text by which a debug link names its build: the id as the new file itself holds it. */
export function expectedBuildId(predictor: Predictor, reference: number): Uint8Array {
  const note = predictor.map.offset(predictor.references.aux[reference] ?? 0);
  const text = Buffer.from(predictor.newHead().subarray(note + 17, note + 36)).toString('hex');
  return new Uint8Array(BUILD_ID_TEXT_LENGTH).map((_, i) => text.charCodeAt(i) || 0);
}
