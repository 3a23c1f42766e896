/** The boot script on a sysroot that is not as Ripple left it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertChoices, type Case, prepare, SCRIPT, USUAL } from '../helpers/boot-script.ts';
import { tempFolder } from '../helpers/temp.ts';

const CASES: readonly Case[] = [
  ['neither is there', { ...USUAL, trees: [] }, { status: 1 }],
  ['no pointer', { trees: ['xo.7'] }, { status: 1 }],
  ['a pointer to no configuration', { ...USUAL, boot: 'config.13' }, { status: 1 }],
  ['a pointer out of the folder', { ...USUAL, boot: '../rootfs/config.12' }, { status: 1 }],
  ['a pointer to a tree', { ...USUAL, boot: 'xo.7' }, { status: 1 }],
  ['a pointer with a leading zero', { ...USUAL, boot: 'config.012' }, { status: 1 }],
  ...[
    '../../etc',
    '/etc',
    '../..',
    'xo.7',
    '../xo.7/../xo.7',
    '../xo.7.partial',
    '../xo.07',
    '../xo.7/',
    '../xo.',
    '../.7',
    '../config.12',
    '../XO.7',
    '../xo.7 ',
    '../x*.7',
    '../xo.1234567890',
    `../${'x'.repeat(65)}.7`,
    '',
  ].map(
    (current): Case => [
      `a current version named "${current}" is not followed`,
      { ...USUAL, current, trees: ['xo.6', 'xo.7', 'xo.7.partial', 'XO.7', 'xo.7 ', 'xo.07', 'xo.1234567890'] },
      { status: 0, chosen: 'xo.6', reason: 'unusable' },
    ],
  ),
];

test('pointers and names that are not as they should be are not followed, in any shell', (t) =>
  assertChoices(t, CASES));

test('a tree that is a symbolic link is not started', (t) => {
  const root = tempFolder(t);
  prepare(root, { ...USUAL, trees: ['xo.6', 'elsewhere'] });
  symlinkSync('elsewhere', join(root, 'rootfs/xo.7'));
  const result = spawnSync('dash', [SCRIPT, '--sysroot', root, '--run', root], { encoding: 'utf8' });
  assert.equal(result.stdout, `${join(root, 'rootfs/xo.6')}\n`);
});
