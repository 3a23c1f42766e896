import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planStage, type StagePlan } from '../../service/core/plan.ts';
import { assertTreeShape } from '../../service/core/tree-shape.ts';
import { bytesNeeded } from '../../service/deploy/space.ts';
import { alias, DEFAULTS, file, folder, symlink, type TestTree, treeOf } from '../helpers/sysroot.ts';

const nothing = () => false;

function kinds(plan: StagePlan): Record<string, string> {
  return Object.fromEntries(
    plan.steps.flatMap((step) => {
      if (step.kind === 'make') return [];
      const from = 'from' in step ? ` ${step.from.path}` : '';
      return [[step.entry.path, `${step.kind}${from}`]];
    }),
  );
}
const plan = (target: TestTree, base?: TestTree) => planStage(target.entries, base?.entries, nothing);

test('a file is linked only where content, mode, owner, time and attributes are all equal', () => {
  const base = treeOf([file('./f', 'content')]);
  const cases: readonly [string, Parameters<typeof file>[2]][] = [
    ['link ./f', {}],
    ['copy ./f', { mode: 0o600 }],
    ['copy ./f', { uid: 12 }],
    ['copy ./f', { gid: 12 }],
    ['copy ./f', { timeNs: DEFAULTS.timeNs + 1n }],
    ['copy ./f', { xattrs: [{ name: 'user.a', value: Buffer.from('1') }] }],
    ['copy ./f', { sparse: true }],
  ];
  for (const [expected, metadata] of cases)
    assert.equal(kinds(plan(treeOf([file('./f', 'content', metadata)]), base))['./f'], expected);
  assert.equal(kinds(plan(treeOf([file('./f', 'Content')]), base))['./f'], 'blob');
});

test('attributes are equal only with the same names and values', () => {
  const withXattr = (name: string, value: string) =>
    treeOf([file('./f', 'x', { xattrs: [{ name, value: Buffer.from(value) }] })]);
  assert.equal(kinds(plan(withXattr('user.a', '1'), withXattr('user.a', '1')))['./f'], 'link ./f');
  assert.equal(kinds(plan(withXattr('user.a', '1'), withXattr('user.a', '2')))['./f'], 'copy ./f');
  assert.equal(kinds(plan(withXattr('user.a', '1'), withXattr('user.b', '1')))['./f'], 'copy ./f');
});

test('a moved file is found by its content, and never takes the inode of one that stayed', () => {
  const base = treeOf([file('./a', 'same'), file('./b', 'same'), file('./old', 'moved')]);
  const target = treeOf([file('./0', 'same'), file('./a', 'same'), file('./b', 'same'), file('./new', 'moved')]);
  assert.deepEqual(kinds(plan(target, base)), {
    './0': 'copy ./a',
    './a': 'link ./a',
    './b': 'link ./b',
    './new': 'link ./old',
  });
});

test('one inode of the base serves one hard-link group: equal files stay apart, linked ones together', () => {
  const a = file('./a', 'x');
  const linked = treeOf([a, alias('./b', a)]);
  const apart = treeOf([file('./a', 'x'), file('./b', 'x')]);
  assert.deepEqual(kinds(plan(apart, linked)), { './a': 'link ./a', './b': 'copy ./a' });
  assert.deepEqual(kinds(plan(linked, apart)), { './a': 'link ./a', './b': 'peer' });
  assert.deepEqual(kinds(plan(linked, linked)), { './a': 'link ./a', './b': 'peer' });
  const only = treeOf([file('./b', 'x')]);
  assert.deepEqual(kinds(plan(only, linked)), { './b': 'link ./b' });
});

test('symbolic links are shared when target and metadata are equal', () => {
  const base = treeOf([symlink('./l', 'a'), symlink('./m', 'a'), file('./n', 'a')]);
  const target = treeOf([symlink('./l', 'a'), symlink('./m', 'b'), symlink('./n', 'a')]);
  const steps = plan(target, base).steps.filter(({ entry }) => entry.type === 'link');
  assert.deepEqual(
    steps.map(({ kind }) => kind),
    ['link', 'make', 'make'],
  );
});

test('each blob is fetched once, what is here is not fetched, and the bytes add up', () => {
  const target = treeOf([file('./1', 'twice'), file('./2', 'twice'), file('./3', 'here'), file('./4', '')]);
  const here = target.entries.find(({ path }) => path === './3');
  const result = planStage(target.entries, undefined, (sha256) => here?.type === 'file' && sha256 === here.sha256);
  assert.deepEqual(
    result.fetch.map(({ sizeBytes }) => sizeBytes),
    [5, 0],
  );
  assert.equal(result.fetchBytes, 5);
  assert.equal(result.newBytes, 10);
  assert.equal(result.totalBytes, 14);
});

test('the room needed counts whole blocks, inodes, copies, the reserve, and not what is shared or here in part', () => {
  const block = { blockBytes: 4096, reserveBytes: 0 };
  const base = treeOf([file('./same', Buffer.alloc(50_000)), file('./touched', Buffer.alloc(5000, 1))]);
  const target = treeOf([
    file('./same', Buffer.alloc(50_000)),
    file('./touched', Buffer.alloc(5000, 1), { timeNs: 0n }),
    file('./new', Buffer.alloc(1, 2)),
  ]);
  const need = bytesNeeded(plan(target, base), block);
  assert.equal(need.inodes, 3);
  assert.equal(need.bytes, 8192 + 4096 + 4096 + 4 * 64);
  const linked = plan(target, base).linked;
  assert.ok(linked > 0);
  assert.equal(bytesNeeded(plan(target, base), { ...block, clones: true }).bytes - need.bytes, linked * 1024);
  const more = bytesNeeded(plan(target, base), { ...block, reserveBytes: 1_000_000, hereBytes: 256 });
  assert.equal(more.bytes, need.bytes + 1_000_000 - 256);
});

test('a hundred thousand entries, all equal and all empty among them, are planned without a search for each', () => {
  const many = (prefix: string) =>
    treeOf(Array.from({ length: 50_000 }, (_, i) => file(`./${prefix}${i}`, i % 2 ? '' : String(i))));
  const result = planStage(many('b').entries, many('a').entries, nothing);
  assert.equal(result.linked, 50_000);
  assert.equal(result.fetch.length, 0);
});

test('a tree that could lead out of its folder is refused before anything is written', () => {
  const root = folder('.').entry;
  const ok = [root, folder('./a').entry, file('./a/b', 'x').entry];
  assert.doesNotThrow(() => assertTreeShape(ok));
  const first = file('./a/b', 'x');
  const bad = [
    [],
    [folder('./a').entry],
    [root, file('./..', 'x').entry],
    [root, file('./.', 'x').entry],
    [root, file('./', 'x').entry],
    [root, file('/etc/passwd', 'x').entry],
    [root, file('x', 'x').entry],
    [root, file('./a/b', 'x').entry],
    [root, file('./x\0', 'x').entry],
    [root, file('./x', 'x').entry, file('./x', 'y').entry],
    [root, symlink('./a', '/etc').entry, file('./a/b', 'x').entry],
    [...ok, { ...alias('./a/c', first).entry, mode: 0o4755 }],
    [...ok, { ...alias('./a/c', first).entry, hardLinkOf: './a/z' }],
  ];
  for (const entries of bad) assert.throws(() => assertTreeShape(entries), { code: 'InvalidArgument' });
});
