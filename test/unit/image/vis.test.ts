import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visDecode, visEncode } from '../../../service/image/vis.ts';

const everyByte = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

test('every byte comes back, alone and beside an octal digit', () => {
  for (const byte of everyByte) for (const name of [byte, `7${byte}7`]) assert.equal(visDecode(visEncode(name)), name);
  assert.equal(visDecode(visEncode(everyByte.join(''))), everyByte.join(''));
});

test('nothing that ends a word, a comment, a value or a pattern stays unescaped', () => {
  for (const byte of everyByte) assert.match(visEncode(byte), /^([!"$-)+-<>@-Z\]-~]|\\[0-7]{3})$/);
  assert.equal(visEncode('a b#=\\*?[\n\xe9'), 'a\\040b\\043\\075\\134\\052\\077\\133\\012\\351');
});

test('every form of vis(3) is read', () => {
  const forms: Record<string, string> = {
    '\\s\\n\\t\\b\\r\\a\\v\\f': ' \n\t\b\r\x07\v\f',
    '\\0\\00\\000\\7\\77\\377': '\0\0\0\x07?\xff',
    '\\E': '\x1b',
    '\\^A\\^[\\^_\\^?\\^@': '\x01\x1b\x1f\x7f\0',
    '\\M-a\\M-~\\M-!': '\xe1\xfe\xa1',
    '\\M^?\\M^A\\M^@': '\xff\x81\x80',
    '\\\\\\\\n': '\\\\n',
    'a\\040b': 'a b',
    '\\0019': '\x019',
  };
  for (const [form, bytes] of Object.entries(forms)) assert.equal(visDecode(form), bytes, form);
});

test('what is malformed is refused', () => {
  const bad = [
    '\\',
    'a\\',
    '\\q',
    '\\400',
    '\\777',
    '\\8',
    '\\^',
    '\\M',
    '\\M-',
    '\\Mx',
    '\\^ ',
    '\\M^!',
    '\\x41',
    '\\$',
  ];
  const raw = ['a b', 'a\nb', 'a#b', 'a=b', '*', '?', '[', '\x7f', '\0', 'caf\xe9', 'snow\u2603', '\\s '];
  for (const text of [...bad, ...raw]) assert.throws(() => visDecode(text), { code: 'InvalidArgument' }, text);
});
