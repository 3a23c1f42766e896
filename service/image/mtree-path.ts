/**
 * Paths as mtree(5) writes them. A name with one of `*?[` in it is a pattern to mtree even when vis(3) hides that byte
 * (it looks after unescaping; its own `-c` output of a file `[c]` fails against the same tree). So such a name gets the
 * backslashes of fnmatch(3) first, and then names just itself: `[c]` is written `\134\133c]`.
 */
import { RippleError } from '../api/errors.ts';
import type { ByteString } from '../core/entry.ts';
import { visDecode, visEncode } from './vis.ts';

const MAGIC = /[*?[]/;
const LITERAL_PATTERN = /^(?:[^*?[\\]|\\[*?[\\])*$/;

function eachName(path: ByteString, change: (name: ByteString) => ByteString): ByteString {
  if (!MAGIC.test(path)) return path;
  return path
    .split('/')
    .map((name) => (MAGIC.test(name) ? change(name) : name))
    .join('/');
}

export function encodePath(path: ByteString): string {
  return visEncode(eachName(path, (name) => name.replace(/[*?[\\]/g, '\\$&')));
}

/** Throws `InvalidArgument` for what is not vis(3), and for a pattern that could match another name. */
export function decodePath(text: string): ByteString {
  return eachName(visDecode(text), (name) => {
    if (!LITERAL_PATTERN.test(name))
      throw new RippleError('InvalidArgument', `${JSON.stringify(name.slice(0, 60))} is a pattern, not a name`);
    return name.replace(/\\([*?[\\])/g, '$1');
  });
}
