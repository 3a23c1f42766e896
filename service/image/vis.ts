/** Bytes as printable ASCII and back, as vis(3) and unvis(3) of BSD do it and mtree(5) wants it. */
import { RippleError } from '../api/errors.ts';
import type { ByteString } from '../core/entry.ts';

/**
 * What needs no escape: printable ASCII, without the backslash and what mtree would take for a comment (`#`), a value
 * (`=`) or a pattern (`*?[`).
 */
const PLAIN = /^[!"$-)+-<>@-Z\]-~]*$/;
const ESCAPED = /[^!"$-)+-<>@-Z\]-~]/g;

/** Three octal digits for every byte that is not plain: the one form that all readers of mtree files know. */
export function visEncode(bytes: ByteString): string {
  if (PLAIN.test(bytes)) return bytes;
  return bytes.replace(ESCAPED, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

const LETTERS: Readonly<Record<string, string>> = {
  '\\': '\\',
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  s: ' ',
  t: '\t',
  v: '\v',
};
const ESCAPE = /\\(?:([0-7]{1,3})|(M?)\^([?-_])|M-([!-~])|([\\abEfnrstv]))/y;

/** The byte that one match of `ESCAPE` stands for; `undefined` for an octal number above 255. */
function byteOf(match: RegExpExecArray): string | undefined {
  const [, octal, meta, control, metaPlain, letter] = match;
  if (letter !== undefined) return LETTERS[letter];
  let code = Number.parseInt(octal ?? '', 8);
  if (metaPlain !== undefined) code = metaPlain.charCodeAt(0) | 0x80;
  if (control !== undefined) code = (control === '?' ? 0x7f : control.charCodeAt(0) & 0x1f) | (meta === 'M' ? 0x80 : 0);
  return code > 255 ? undefined : String.fromCharCode(code);
}

/**
 * Reads every form that vis(3) writes for a byte: `\s \n \t \b \r \a \v \f \E \0`, `\ooo`, `\^C`, `\M-c`, `\M^C`, `\\`.
 * Throws `InvalidArgument` for any other escape, and for a byte that should have been escaped and is not.
 */
export function visDecode(text: string): ByteString {
  if (PLAIN.test(text)) return text;
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    const backslash = text.indexOf('\\', at);
    const end = backslash === -1 ? text.length : backslash;
    const plain = text.slice(at, end);
    if (!PLAIN.test(plain)) throw malformed(plain, 'holds a byte that must be escaped');
    parts.push(plain);
    if (backslash === -1) break;
    ESCAPE.lastIndex = backslash;
    const match = ESCAPE.exec(text);
    const byte = match ? byteOf(match) : undefined;
    if (byte === undefined) throw malformed(text.slice(backslash, backslash + 4), 'is no vis(3) escape');
    parts.push(byte);
    at = ESCAPE.lastIndex;
  }
  return parts.join('');
}

function malformed(text: string, problem: string): RippleError {
  return new RippleError('InvalidArgument', `${JSON.stringify(text.slice(0, 60))} ${problem}`);
}
