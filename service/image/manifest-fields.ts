/** The values of a manifest's keywords: each function reads one, and throws `InvalidArgument` if it is not exactly right. */
import { RippleError } from '../api/errors.ts';
import type { ByteString, Xattr } from '../core/entry.ts';
import { decodePath } from './mtree-path.ts';
import { visDecode } from './vis.ts';

// PATH_MAX, NAME_MAX and the largest user id of Linux (2^32-1 means "no change" to chown).
const MAX_PATH = 4096;
const MAX_NAME = 255;
const MAX_ID = 2 ** 32 - 2;

export function invalid(message: string): RippleError {
  return new RippleError('InvalidArgument', message);
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function readEscaped(keyword: string, text: string, decode: (text: string) => ByteString): ByteString {
  // Eight characters for a byte is the longest form; checked first so that the work stays small whatever comes.
  const bytes = text.length <= 8 * MAX_PATH ? decode(text) : '';
  if (bytes === '' || bytes.length >= MAX_PATH || bytes.includes('\0'))
    throw invalid(`${keyword} ${quoted(text)} is empty, too long or holds a NUL`);
  return bytes;
}

/** 1 to 4095 bytes without NUL: what the kernel takes as the target of a link, or the name of an attribute. */
export function readBytes(keyword: string, text: string): ByteString {
  return readEscaped(keyword, text, visDecode);
}

/** The same for the path of an entry. */
export function readPath(keyword: string, text: string): ByteString {
  return readEscaped(keyword, text, decodePath);
}

/** One component of a path that is neither empty nor a way to somewhere else. */
export function isName(name: ByteString): boolean {
  return name !== '' && name !== '.' && name !== '..' && name.length <= MAX_NAME;
}

export function readMode(text: string): number {
  const mode = /^[0-7]{1,5}$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  if (!(mode <= 0o7777)) throw invalid(`mode ${quoted(text)} out of range`);
  return mode;
}

function readInteger(keyword: string, text: string, max: number): number {
  const number = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= max)) throw invalid(`${keyword} ${quoted(text)} out of range`);
  return number;
}

export function readId(keyword: 'uid' | 'gid', text: string): number {
  return readInteger(keyword, text, MAX_ID);
}

export function readSize(text: string): number {
  return readInteger('size', text, Number.MAX_SAFE_INTEGER);
}

/** Nanoseconds since 1970; the nine decimals count upwards from the whole seconds, also before 1970. */
export function readTime(text: string): bigint {
  const [, seconds, decimals] = /^(0|-?[1-9][0-9]{0,11})\.([0-9]{9})$/.exec(text) ?? [];
  if (seconds === undefined || decimals === undefined)
    throw invalid(`time ${quoted(text)} is not seconds with nine decimals`);
  return BigInt(seconds) * 1_000_000_000n + BigInt(decimals);
}

export function readDevice(text: string): number {
  if (!/^0x[0-9a-f]{1,8}$/.test(text)) throw invalid(`device ${quoted(text)} out of range`);
  return Number(text);
}

export function readSha256(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw invalid(`sha256 ${quoted(text)} is not 64 hex digits`);
  return text;
}

/** `<vis name>:<base64>`. */
export function readXattr(text: string, maxValueBytes: number): Xattr {
  const colon = text.lastIndexOf(':');
  if (colon === -1) throw invalid('xattr has no ":"');
  const name = readBytes('xattr', text.slice(0, colon));
  if (name.length > MAX_NAME) throw invalid('xattr name too long');
  const base64 = text.slice(colon + 1);
  const value = Buffer.from(base64, 'base64');
  if (value.length > maxValueBytes)
    throw invalid(`xattr ${quoted(name)} has ${value.length} bytes, at most ${maxValueBytes} are allowed`);
  if (value.toString('base64') !== base64) throw invalid(`xattr ${quoted(name)} is not base64`);
  return { name, value };
}
