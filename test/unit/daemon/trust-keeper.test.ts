import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Memory } from '../../../service/daemon/memory.ts';
import { TrustKeeper } from '../../../service/daemon/trust-keeper.ts';
import { Layout } from '../../../service/deploy/layout.ts';
import { FolderSource } from '../../../service/fetch/folder-source.ts';
import { tempFolder } from '../../helpers/temp.ts';
import { keyringPayload, sign, signedRelease, testKey } from '../../helpers/trust.ts';

const quiet = { info: () => {}, warn: () => {} };
const signal = new AbortController().signal;

function laptop(folder: string, keyring: Uint8Array): { readonly layout: Layout; open(): TrustKeeper } {
  const layout = new Layout(join(folder, 'sysroot'));
  const installed = join(folder, 'keyring.pgp');
  writeFileSync(installed, keyring);
  mkdirSync(layout.state, { recursive: true });
  return { layout, open: () => TrustKeeper.open(installed, layout, Memory.open(layout.stateFile), quiet) };
}

function repository(folder: string, files: Readonly<Record<string, Uint8Array>>): FolderSource {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return new FolderSource(folder);
}

test('what is no keyring, or is not there, is refused at the start', (t) => {
  const folder = tempFolder(t);
  const { layout, open } = laptop(folder, Buffer.from('no keyring'));
  assert.throws(open, /keyring.pgp cannot be used: /);
  assert.throws(
    () => TrustKeeper.open(join(folder, 'nowhere'), layout, Memory.open(layout.stateFile), quiet),
    /cannot read the keyring .*nowhere/,
  );
});

test('an installed keyring that its own keys did not sign judges nothing, and is not handed on', async (t) => {
  const folder = tempFolder(t);
  const [ours, theirs] = [await testKey('ours'), await testKey('theirs')];
  const payload = keyringPayload(1, { root: { keys: [ours.publicKey] } });
  const { layout, open } = laptop(folder, await sign(payload, [theirs], 1));
  const keeper = open();
  const source = repository(join(folder, 'repository'), { 'images/xo/7.pgp': await signedRelease([ours], 2) });
  for (const attempt of [1, 2])
    await assert.rejects(keeper.release(source, 'xo', 7, 0, signal), /keyring 1/, `attempt ${attempt}`);
  assert.equal(existsSync(layout.keyringNumbered(1)), false);
  assert.equal(existsSync(layout.release({ image: 'xo', version: 7 })), false);
});

test('the newer of the installed and the kept keyring judges; a damaged kept one is left aside', async (t) => {
  const folder = tempFolder(t);
  const [old, fresh] = [await testKey('old'), await testKey('fresh')];
  const first = await sign(keyringPayload(1, { root: { keys: [old.publicKey] } }), [old], 1);
  const secondPayload = keyringPayload(2, { root: { keys: [fresh.publicKey] } });
  const second = await sign(secondPayload, [old, fresh], 2);
  const { layout, open } = laptop(folder, first);
  const source = repository(join(folder, 'repository'), {
    'keyring/2.pgp': second,
    'images/xo/7.pgp': await signedRelease([fresh], 3),
  });
  await open().advance(source, signal);
  assert.deepEqual(readFileSync(layout.keyring), Buffer.from(second));

  // A later process starts from what was kept.
  assert.equal((await open().release(source, 'xo', 7, 0, signal))?.version, 7);
  writeFileSync(layout.keyring, second.subarray(0, 100));
  await assert.rejects(open().release(source, 'xo', 7, 0, signal), /release/);
  assert.deepEqual(readFileSync(layout.keyringNumbered(1)), Buffer.from(first));
});
