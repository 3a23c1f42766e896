/**
 * The unpacked form of a file: the same bytes, but for each compressed stream in it what comes out of that stream, without
 * the trailer of gzip if it is right. With a recipe the file can be made from it again, bit for bit, on any machine.
 *
 * A recipe is numbers (LEB128): how many streams are to be packed again; of each the bytes before it, the bytes of the form that
 * come after its content, its style, 1 if a trailer follows, the length of its corrections, and these.
 */
import { RippleError } from '../../api/errors.ts';
import { UnreadableStreamError } from './format.ts';
import { type Member, membersOf, TRAILER_BYTES, trailerOf } from './members.ts';
import { correctionsOf, rebuildStream } from './rebuild.ts';
import { Numbers, putNumber } from './recipe-numbers.ts';
import { STYLES, type StyleNumber } from './style.ts';

/** Of a file and what comes out of it, which are held in memory; what is larger stays as it is. */
export const MAX_FORM_BYTES = 16 << 20;
export const MAX_RECIPE_BYTES = 1 << 16;
/** Corrections may be so many bytes, and one for so many bytes of the stream; else another program made it. */
const FREE_CORRECTIONS = 64;
const BYTES_PER_CORRECTION = 64;

/** The form of a file that something is to be made from; the file itself if it has no streams. */
export function unpackedForm(file: Uint8Array): Uint8Array {
  const members = membersOf(file, MAX_FORM_BYTES - file.length);
  return members.length === 0 ? file : formOf(file, members);
}

export interface TakenApart {
  readonly form: Uint8Array;
  readonly recipe: Uint8Array;
}

/** Undefined if there is no stream that can be packed again. */
export function takeApart(file: Uint8Array): TakenApart | undefined {
  const packable = membersOf(file, MAX_FORM_BYTES - file.length).flatMap((member) => {
    const way = wayOf(file, member);
    return way ? [{ member, way }] : [];
  });
  if (packable.length === 0) return undefined;
  const form = formOf(
    file,
    packable.map(({ member }) => member),
  );
  const steps: number[] = [];
  putNumber(steps, packable.length);
  let at = 0;
  let formAt = 0;
  for (const { member, way } of packable) {
    formAt += member.from - at + member.content.length;
    putNumber(steps, member.from - at);
    putNumber(steps, form.length - formAt);
    putNumber(steps, way.style);
    putNumber(steps, member.trailed ? 1 : 0);
    putNumber(steps, way.corrections.length);
    for (const byte of way.corrections) steps.push(byte);
    at = endOf(member);
  }
  if (steps.length > MAX_RECIPE_BYTES) return undefined;
  const recipe = Uint8Array.from(steps);
  return Buffer.compare(putTogether(form, recipe, file.length), file) === 0 ? { form, recipe } : undefined;
}

/** The file again, of at most `maxBytes`. @throws RippleError `InvalidArgument` for a recipe that makes no sense */
export function putTogether(form: Uint8Array, recipe: Uint8Array, maxBytes: number): Uint8Array {
  const numbers = new Numbers(recipe);
  const parts: Uint8Array[] = [];
  let size = 0;
  const add = (part: Uint8Array): void => {
    size += part.length;
    if (size > maxBytes)
      throw new RippleError('InvalidArgument', `the diff makes more than ${maxBytes} bytes; refused`);
    parts.push(part);
  };
  let at = 0;
  for (let left = numbers.next(); left > 0; left--) {
    const from = at + numbers.next();
    const end = form.length - numbers.next();
    if (end < from) throw new UnreadableStreamError('a recipe that makes no sense');
    add(form.subarray(at, from));
    const content = form.subarray(from, end);
    const style = numbers.next();
    const trailed = numbers.next() === 1;
    const corrections = numbers.bytes(numbers.next());
    add(rebuildStream(content, style, corrections, maxBytes - size));
    if (trailed) add(trailerOf(content));
    at = end;
  }
  add(form.subarray(at));
  return Buffer.concat(parts);
}

function endOf({ end, trailed }: Member): number {
  return trailed ? end + TRAILER_BYTES : end;
}

function formOf(file: Uint8Array, members: readonly Member[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const member of members) {
    parts.push(file.subarray(at, member.from), member.content);
    at = endOf(member);
  }
  return Buffer.concat([...parts, file.subarray(at)]);
}

interface Way {
  readonly style: StyleNumber;
  readonly corrections: Uint8Array;
}

/** The style whose predictions come nearest, if any comes near. */
function wayOf(file: Uint8Array, { from, end, content }: Member): Way | undefined {
  let best: Way | undefined;
  let most = FREE_CORRECTIONS + Math.floor((end - from) / BYTES_PER_CORRECTION);
  for (const style of STYLES) {
    try {
      const corrections = correctionsOf(file, from, content, style, most);
      if (corrections.length === 0) return { style, corrections };
      best = { style, corrections };
      most = corrections.length - 1;
    } catch (error) {
      if (!(error instanceof UnreadableStreamError)) throw error;
    }
  }
  return best;
}
