/**
 * Servers that lie, seen from a whole laptop: the real daemon, told by the real command line to get a version while
 * whoever it asks sends something else. The signed documents are real each time, so that it is the content that lies.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { serve } from '../helpers/blobs.ts';
import { type Published, publishTrees, TestLaptop } from '../helpers/published.ts';
import { makeSeededTrees, SMALL_SIZE } from '../helpers/seeded-trees.ts';
import { tempFolder } from '../helpers/temp.ts';

type Answer = (response: ServerResponse, bytes: Buffer) => void;

const portal = Buffer.from('<!doctype html><title>Welcome to the hotel</title><form>Room number</form>');

/** What each of them sends for a blob. */
const LIES: Readonly<Record<string, Answer>> = {
  'wrong bytes': (response, bytes) => response.end(randomBytes(bytes.length)),
  'one bit wrong': (response, bytes) => {
    const changed = Buffer.from(bytes);
    const last = changed.length - 1;
    if (last >= 0) changed[last] = (changed[last] ?? 0) ^ 1;
    response.end(changed);
  },
  'too many bytes': (response, bytes) => response.end(Buffer.concat([bytes, randomBytes(4096)])),
  'too few bytes': (response, bytes) => response.end(bytes.subarray(0, bytes.length >> 1)),
  'a captive portal': (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(portal),
  'nothing at all': (response) => response.destroy(),
  'an answer that never goes on': (response, bytes) => {
    response.writeHead(200, { 'Content-Length': bytes.length }).write(bytes.subarray(0, 1));
  },
};

interface Liar {
  readonly url: string;
  /** Blobs it was asked for. */
  asked(): number;
}

/** Real documents, and for blobs the lie; the manifest is a blob too. */
async function startLiar(t: TestContext, repository: string, lie: Answer): Promise<Liar> {
  let asked = 0;
  const server = createServer((request, response) => {
    const path = join(repository, request.url ?? '/');
    if (!/^\/(keyring|images|blobs)\/[\w./]+$/.test(request.url ?? '') || !existsSync(path))
      return void response.writeHead(404).end();
    const bytes = readFileSync(path);
    if (!request.url?.startsWith('/blobs/')) return void response.end(bytes);
    asked += 1;
    lie(response, bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked: () => asked };
}

async function published(t: TestContext): Promise<{ readonly folder: string; readonly published: Published }> {
  const folder = tempFolder(t, 'liars');
  const trees = makeSeededTrees(folder, 3, SMALL_SIZE);
  return {
    folder,
    published: await publishTrees(folder, [
      [6, trees.older],
      [7, trees.newer],
    ]),
  };
}

test('each kind of liar: the update arrives from another, and the liar is left', async (t) => {
  const { folder, published: what } = await published(t);
  const honest = await serve(t, what.repository);
  for (const [name, lie] of Object.entries(LIES)) {
    await t.test(name, async (inner) => {
      const liar = await startLiar(inner, what.repository, lie);
      const laptop = await TestLaptop.make(inner, {
        folder: join(folder, name.replaceAll(' ', '-')),
        published: what,
        config: { origins: [liar.url, honest.url], 'fetch.stall_seconds': 1 },
      });
      await laptop.virtual.start();
      await laptop.ok('get', '7');
      laptop.assertTree(what, 7);
      laptop.assertTree(what, 6);
      const { stagedVersion, progress } = await laptop.status();
      assert.equal(stagedVersion, 7);
      // The one that stops after a right byte did give that byte, for each of the four that were asked for at once.
      const most = name === 'an answer that never goes on' ? 24 : 0;
      assert.ok((progress.fromPeers[liar.url] ?? 0) <= most, 'nothing wrong that the liar sent counts');
      // Four are asked for at once, and a source that only fails gets a few more chances than one that lies.
      assert.ok(liar.asked() <= 24, `asked ${liar.asked()} times`);
    });
  }
});

test('if all lie, the laptop says so, runs on as before, and gets it once an honest one is there', async (t) => {
  const { folder, published: what } = await published(t);
  const liars = await Promise.all(
    ['wrong bytes', 'too many bytes'].map((name) => startLiar(t, what.repository, LIES[name] ?? (() => {}))),
  );
  const laptop = await TestLaptop.make(t, {
    folder: join(folder, 'alone'),
    published: what,
    config: { origins: liars.map((liar) => liar.url) },
  });
  await laptop.virtual.start();
  const failed = await laptop.run('get', '7');
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /^ripple get: [^\n]+\n$/);
  const status = await laptop.status();
  assert.equal(status.state, 'failed');
  assert.ok(['NoSource', 'HashMismatch'].includes(status.lastError.code), status.lastError.code);
  assert.deepEqual([status.bootedVersion, status.currentVersion, status.stagedVersion], [6, 6, 0]);
  assert.equal(existsSync(laptop.tree(7)), false);
  assert.match(await laptop.ok('verify'), / 0 differ/);

  const honest = await serve(t, what.repository);
  await laptop.virtual.stop();
  const again = laptop.hardware({ config: { origins: [...liars.map((liar) => liar.url), honest.url] } });
  await again.start();
  await laptop.ok('get', '7');
  laptop.assertTree(what, 7);
});

test('a forged release is refused, whatever else the server gives', async (t) => {
  const { folder, published: what } = await published(t);
  const trees = makeSeededTrees(tempFolder(t, 'forged'), 4, SMALL_SIZE);
  const forged = await publishTrees(tempFolder(t, 'forger'), [[9, trees.newer]]);
  const server = await serve(t, forged.repository);
  const laptop = await TestLaptop.make(t, {
    folder: join(folder, 'laptop'),
    published: what,
    config: { origins: [server.url] },
  });
  await laptop.virtual.start();
  const checked = await laptop.run('check');
  assert.equal(checked.status, 1);
  assert.match(checked.stderr, /not in the keyring|keyring/);
  const { lastError, versions, state } = await laptop.status();
  assert.equal(lastError.code, 'SignatureInvalid');
  assert.equal(state, 'failed');
  assert.deepEqual(versions, []);
  assert.equal((await laptop.run('get', '9')).status, 1);
  assert.equal(
    existsSync(join(laptop.virtual.sysroot, 'ripple/releases/xo.9.pgp')),
    false,
    'nothing that did not verify is kept',
  );
});
