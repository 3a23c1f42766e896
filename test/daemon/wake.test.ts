/** Real daemons on loopback, woken by one packet; the laptop has no neighbour, so nothing else can tell it. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { wakeGroup } from '../../service/core/wake-rules.ts';
import type { ConfigValue } from '../../service/demo/virtual-laptop.ts';
import { serve } from '../helpers/blobs.ts';
import { type Published, TestLaptop } from '../helpers/published.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { copyOf, folderOf, publishSeries, schoolAt } from '../helpers/school.ts';
import { tempFolder } from '../helpers/temp.ts';
import { until } from '../helpers/until.ts';

let folder = '';
let published: Published;
const LOOPBACK = { 'discovery.kind': 'bonjour', 'discovery.interfaces': ['127.0.0.1'] };

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ripple-wake-'));
  published = await publishSeries(folder, 6);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A free one: other daemons of this machine hear the usual one. */
async function udpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

async function freeTcpPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

async function send(bytes: Uint8Array, port: number, group: string): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  socket.setMulticastInterface('127.0.0.1');
  await new Promise<void>((resolve) => socket.send(bytes, port, group, () => resolve()));
  socket.close();
}

async function publishCritical(site: Published, version: number): Promise<Buffer> {
  const tree = join(folderOf(site), `tree-${version - 1}`);
  const args = ['--image', site.image, '--version', `${version}`, '--key', site.key, '--severity', 'critical'];
  await rippleOk(['publish', tree, '--repo', site.repository, ...args]);
  return readFileSync(join(site.repository, `images/${site.image}/${version}.pgp`));
}

async function laptopOf(
  t: TestContext,
  site: Published,
  config: Readonly<Record<string, ConfigValue>>,
): Promise<TestLaptop> {
  const laptop = await TestLaptop.make(t, {
    folder: tempFolder(t, 'laptop'),
    published: site,
    config: { ...LOOPBACK, ...config },
  });
  await laptop.virtual.start();
  return laptop;
}

test('a critical release in one packet has a laptop look at once; what is forged, old or switched off does nothing', async (t) => {
  const site = copyOf(t, folder, published);
  const server = await serve(t, site.repository);
  const port = await udpPort();
  const config = { origins: [server.url], 'wake.port': port };
  const [laptop, deaf] = await Promise.all([
    laptopOf(t, site, config),
    laptopOf(t, site, { ...config, 'wake.enabled': false }),
  ]);
  const { ipv4 } = wakeGroup(site.image, 6);
  const told = readFileSync(join(site.repository, `images/${site.image}/6.pgp`));
  const release = await publishCritical(site, 7);
  const forged = Buffer.from(release);
  forged.writeUInt32BE(1, forged.length - 4);
  await send(told, port, ipv4);
  await send(forged, port, ipv4);
  await until(() => /a wake-up packet was not real/.test(readFileSync(laptop.virtual.logFile, 'utf8')));
  assert.equal(existsSync(join(laptop.virtual.sysroot, 'ripple/images/xo/7.pgp')), false);
  assert.deepEqual((await laptop.status()).versions, [], 'nobody has asked, and nobody was told');
  await send(release, port, ipv4);
  await until(async () => (await laptop.status()).versions.some(({ version }) => version === 7));
  assert.equal((await laptop.status()).state, 'available', 'woken, not updated: that is somebody else’s to say');
  const log = readFileSync(laptop.virtual.logFile, 'utf8');
  assert.equal(log.match(/"?woken"?/g)?.length, 1, 'once, although it hears its own packet too');
  assert.deepEqual((await deaf.status()).versions, []);
});

test('a school server that gets a newer version sends it to those who lack it', async (t) => {
  const site = copyOf(t, folder, published);
  const port = await udpPort();
  const heard: Buffer[] = [];
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  t.after(() => socket.close());
  socket.on('message', (bytes) => heard.push(bytes));
  const { ipv4 } = wakeGroup(site.image, 6);
  await new Promise<void>((resolve) => socket.bind({ port, address: ipv4 }, resolve));
  socket.addMembership(ipv4, '127.0.0.1');
  // The server has 6 from before; the site is not there yet, and it comes back to ask.
  const home = tempFolder(t, 'school');
  cpSync(site.repository, join(home, 'repository'), { recursive: true });
  const webPort = await freeTcpPort();
  const upstream = [`http://127.0.0.1:${webPort}`];
  const school = schoolAt(t, home, site, { ...LOOPBACK, 'wake.port': port, 'school.upstream': upstream });
  await school.start();
  const release = await publishCritical(site, 7);
  await serve(t, site.repository, { port: webPort });
  await until(() => heard.length > 0);
  assert.ok(heard[0]?.equals(release), 'the signed release itself');
  assert.equal(heard.length, 1);
});
