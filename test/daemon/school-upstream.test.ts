/** The school server's daemon and its upstream: breaks, restarts, waiting, and a class that goes on taking meanwhile. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { serve } from '../helpers/blobs.ts';
import { send } from '../helpers/http.ts';
import { type Published, TestLaptop } from '../helpers/published.ts';
import { LARGE_BYTES, offeredIn, publishNext, publishSeries, schoolAt } from '../helpers/school.ts';
import { tempFolder } from '../helpers/temp.ts';
import { until } from '../helpers/until.ts';

let folder: string;
let published: Published;

before(async () => {
  folder = tempFolder({ after: (end: () => void) => process.once('exit', end) }, 'school-upstream');
  published = await publishSeries(folder, 7);
});

const documents = (repository: string): string[] => offeredIn(repository).filter((path) => path.startsWith('images/'));
const NEWEST = ['images/xo/7.pgp', 'images/xo/latest.pgp'];

test('killed in the middle, it gives nothing of it, and goes on where it was', async (t) => {
  const slow = await serve(t, published.repository, { rateBytesPerSecond: 150_000 });
  const school = schoolAt(t, join(folder, 'killed'), published, { 'school.upstream': [slow.url] });
  await school.start();
  const repository = join(folder, 'killed/repository');
  const parts = join(repository, '.mirror/ripple/blobs');
  const cameBytes = (): number =>
    existsSync(parts) ? readdirSync(parts).reduce((sum, name) => sum + statSync(join(parts, name)).size, 0) : 0;
  await until(() => cameBytes() > 300_000);
  await school.stop('SIGKILL');
  const [there, before] = [cameBytes(), slow.givenBytes()];
  assert.ok(there < LARGE_BYTES);
  assert.deepEqual(offeredIn(repository), ['keyring/1.pgp']);
  await school.start();
  assert.equal((await send(`${school.url}/images/xo/latest.pgp`)).status, 404);
  await until(() => documents(repository).length === 2);
  assert.deepEqual(documents(repository), NEWEST);
  const again = slow.givenBytes() - before;
  assert.ok(again < LARGE_BYTES - there + 150_000, `${again} bytes came after ${there} were there`);
  assert.equal((await send(`${school.url}/images/xo/latest.pgp`)).status, 200);
  for (const path of ['.mirror/ripple/state.json', '.lock'])
    assert.equal((await send(`${school.url}/${path}`)).status, 404);
});

test('an upstream that is down is asked again, after longer and longer; meanwhile what is here is given', async (t) => {
  const down = createServer();
  await new Promise<void>((resolve) => down.listen(0, '127.0.0.1', resolve));
  const { port } = down.address() as AddressInfo;
  await new Promise((resolve) => down.close(resolve));
  const school = schoolAt(t, join(folder, 'waiting'), published, { 'school.upstream': [`http://127.0.0.1:${port}`] });
  await school.start();
  assert.equal((await send(`${school.url}/images/xo/latest.pgp`)).status, 404);
  const log = (): string => readFileSync(school.logFile, 'utf8');
  await until(() => /asking the upstream again later.*failures=2/.test(log()));
  assert.match(log(), /an upstream was no help.*connection failed/);
  await serve(t, published.repository, { port });
  await until(() => documents(join(folder, 'waiting/repository')).length === 2);
});

test('a laptop updates from the school while it mirrors, and from the upstream once the school is gone', async (t) => {
  const slow = await serve(t, published.repository);
  const school = schoolAt(t, join(folder, 'school'), published, { 'school.upstream': [slow.url] });
  const repository = join(folder, 'school/repository');
  await school.start();
  await until(() => documents(repository).length === 2);
  await publishNext(folder, published, 8, false);
  const slower = await serve(t, published.repository, { rateBytesPerSecond: 40_000 });
  await school.stop();
  const mirroring = schoolAt(t, join(folder, 'school'), published, { 'school.upstream': [slower.url] });
  await mirroring.start();
  await until(() => slower.givenBytes() > 0);
  const laptop = await TestLaptop.make(t, {
    published,
    folder: join(folder, 'laptop'),
    config: { origins: [mirroring.url, slow.url] },
  });
  const alone = laptop.hardware({ config: { origins: [mirroring.url] } });
  await alone.start();
  await laptop.ok('get', '7');
  laptop.assertTree(published, 7);
  assert.deepEqual(documents(repository), NEWEST, 'it still mirrored');
  await alone.stop();
  await mirroring.stop();
  await laptop.virtual.start({ daemonOnly: true });
  await laptop.ok('check');
  await laptop.ok('get', '8');
  laptop.assertTree(published, 8);
});

test('without a keyring it does not follow anybody, and says so', async (t) => {
  const school = schoolAt(
    t,
    join(folder, 'untrusting'),
    { ...published, keyring: join(folder, 'nowhere.pgp') },
    {
      'school.upstream': ['http://127.0.0.1:9'],
    },
  );
  await assert.rejects(school.start());
  assert.match(readFileSync(school.logFile, 'utf8'), /cannot read the keyring .*nowhere\.pgp/);
});
