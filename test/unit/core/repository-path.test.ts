import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRepositoryPath, isDocument, parseRepositoryPath } from '../../../service/core/repository-path.ts';

const A = 'a'.repeat(64);
const B = '0123456789abcdef'.repeat(4);

test('each shape of DESIGN 3 is read and written back as it was', () => {
  const shapes = [
    ['keyring/1.pgp', 'keyring', true],
    ['images/xo/latest.pgp', 'latest', true],
    ['images/xo/7.pgp', 'release', true],
    ['images/xo-1_5/orders/12.pgp', 'order', true],
    [`blobs/${A}`, 'blob', false],
    [`blobs/${A}-${B}`, 'diff', false],
    [`bundles/${A}-${B}`, 'bundle', false],
  ] as const;
  for (const [text, kind, document] of shapes) {
    const path = parseRepositoryPath(text);
    assert.ok(path, text);
    assert.equal(path.kind, kind);
    assert.equal(isDocument(path), document);
    assert.equal(formatRepositoryPath(path), text);
  }
});

test('anything else is nothing', () => {
  const others = [
    '',
    'blobs',
    'blobs/',
    '/keyring/1.pgp',
    'keyring/0.pgp',
    'keyring/01.pgp',
    'keyring/1.pgp ',
    'keyring/1.pgp\n',
    'keyring/1.pgp?x=1',
    'keyring/1.pgp#x',
    'keyring//1.pgp',
    'keyring/1234567890.pgp',
    'keyring/1.PGP',
    'images/../keyring/1.pgp',
    'images/./7.pgp',
    'images/xo/../xo/7.pgp',
    'images/xo%2f7.pgp',
    'images/%2e%2e/7.pgp',
    'images/XO/7.pgp',
    'images//7.pgp',
    'images/-xo/7.pgp',
    `images/${'x'.repeat(65)}/7.pgp`,
    `blobs/${A.toUpperCase()}`,
    `blobs/${A}a`,
    `blobs/${A.slice(1)}`,
    `blobs/${A}-`,
    `blobs/${A}\0`,
    `blobs/${A}.part`,
    `bundles/${A}`,
    `bundles/${A}-${B}-${B}`,
    `blobs/../blobs/${A}`,
    `BLOBS/${A}`,
    '__proto__/1.pgp',
    '\\blobs\\x',
    'x'.repeat(1_000_000),
  ];
  for (const text of others) assert.equal(parseRepositoryPath(text), undefined, JSON.stringify(text.slice(0, 80)));
});
