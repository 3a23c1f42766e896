/**
 * The notes of a release, as a blob: JSON
 * `{"en": {"child": "…", "teacher": "…"}, "es": …, "pictures": ["<svg …>", …]}`, at most 64 KiB and three pictures.
 */
import { RippleError } from '../api/errors.ts';

/** Where a publisher has nothing to tell. */
export const NO_NOTES: Uint8Array = Buffer.from('{}\n');
export const MAX_NOTES_BYTES = 64 * 1024;
const MAX_TEXT_LENGTH = 400;
const MAX_PICTURES = 3;
const MAX_PICTURE_LENGTH = 16 * 1024;

/**
 * Flattened for D-Bus: `en` → child words, `en.teacher` → teacher words, `picture.1` … → SVG text. What is not of that
 * shape is left out: notes come after the signature, but a publisher's slip must not hide a version.
 * @throws RippleError `InvalidArgument` for what is not JSON or too long
 */
export function readNotes(bytes: Uint8Array): Readonly<Record<string, string>> {
  if (bytes.length > MAX_NOTES_BYTES)
    throw new RippleError('InvalidArgument', `notes: ${bytes.length} bytes, at most ${MAX_NOTES_BYTES} are allowed`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new RippleError('InvalidArgument', 'notes: not JSON');
  }
  const notes = new Map<string, string>();
  if (typeof value !== 'object' || value === null) return {};
  for (const [key, member] of Object.entries(value)) {
    if (key === 'pictures' && Array.isArray(member)) {
      const pictures = member.filter(
        (one): one is string =>
          typeof one === 'string' && one.length <= MAX_PICTURE_LENGTH && /^\s*<svg[\s>]/.test(one),
      );
      for (const [index, picture] of pictures.slice(0, MAX_PICTURES).entries())
        notes.set(`picture.${index + 1}`, picture);
    } else if (/^[a-z]{2,3}(-[A-Z]{2})?$/.test(key) && typeof member === 'object' && member !== null) {
      if ('child' in member && typeof member.child === 'string') notes.set(key, member.child.slice(0, MAX_TEXT_LENGTH));
      if ('teacher' in member && typeof member.teacher === 'string')
        notes.set(`${key}.teacher`, member.teacher.slice(0, MAX_TEXT_LENGTH));
    }
  }
  return Object.fromEntries(notes);
}
