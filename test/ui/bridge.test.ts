/** What stands between the daemon's methods and everybody else on the laptop, tried from outside with plain HTTP. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { type Bridge, openBridge } from '../../main/bridge.ts';
import { type ActivityCall, CONNECTING } from '../../service/api/activity.ts';
import { launchBrowser } from '../helpers/activity-stage.ts';
import { IS_ROOT } from '../helpers/as-user.ts';

const calls: ActivityCall[] = [];
let bridge: Bridge;
let token: string;
let cookie: string;
/** What the window was given besides. */
let key: string;

interface Reply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** `events` never ends by itself: only its head is read. */
function ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${bridge.origin}${path}`, { method, headers, agent: false }, (response) => {
      const head = { status: response.statusCode ?? 0, headers: response.headers };
      if (path.startsWith('/events') && head.status === 200) {
        response.once('data', (chunk: Buffer) => {
          response.destroy();
          resolve({ ...head, body: chunk.toString() });
        });
        return;
      }
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('end', () => resolve({ ...head, body: text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const json = { 'Content-Type': 'application/json' };
const own = () => ({ ...json, Origin: bridge.origin, Cookie: cookie, 'X-Ripple-Window': key });
const events = () => `/events?${key}`;
const CHECK = '{"name":"check"}';

before(async () => {
  bridge = await openBridge({
    subscribe(listener) {
      listener(CONNECTING);
      return () => undefined;
    },
    async call(call) {
      calls.push(call);
      return { ok: true };
    },
  });
  token = new URL(bridge.url).hash.slice(1);
});
after(() => bridge.close());

test('a wrong token gets no session and does not use up the right one', async () => {
  for (const wrong of ['', 'x', `${token}x`, token.slice(1)])
    assert.equal((await ask('POST', '/session', { Origin: bridge.origin }, wrong)).status, 403);
});

test('the token is exchanged once, for a cookie that no script and no other site can use', async () => {
  const reply = await ask('POST', '/session', { Origin: bridge.origin }, token);
  assert.equal(reply.status, 200);
  key = reply.body;
  assert.match(key, /^[\w-]{43}$/);
  const [set = ''] = reply.headers['set-cookie'] ?? [];
  assert.match(set, /; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.ok(!set.includes(token), 'what is in the address is not what is in the cookie');
  cookie = set.split(';')[0] ?? '';
});

test('a replayed token is refused', async () => {
  const reply = await ask('POST', '/session', { Origin: bridge.origin }, token);
  assert.equal(reply.status, 403);
  assert.equal(reply.headers['set-cookie'], undefined);
});

test('without the cookie there are no events and no calls', async () => {
  assert.equal((await ask('GET', events())).status, 401);
  for (const wrong of [{}, { Cookie: 'ripple_session=' }, { Cookie: `ripple_session=${token}` }])
    assert.equal(
      (await ask('POST', '/call', { ...json, Origin: bridge.origin, 'X-Ripple-Window': key, ...wrong }, CHECK)).status,
      401,
    );
  assert.deepEqual(calls, []);
});

test('another window of the same browser has the cookie, and is not heard without the key of the first', async () => {
  const { 'X-Ripple-Window': _, ...other } = own();
  for (const wrong of [{}, { 'X-Ripple-Window': '' }, { 'X-Ripple-Window': token }, { 'X-Ripple-Window': `${key}x` }])
    assert.equal((await ask('POST', '/call', { ...other, ...wrong }, CHECK)).status, 401);
  for (const path of ['/events', '/events?', `/events?${token}`, `/events?x&${key}`])
    assert.equal((await ask('GET', path, { Cookie: cookie })).status, 401);
  assert.deepEqual(calls, []);
});

test('a request to another name than the address is refused, whatever it brings', async () => {
  const port = new URL(bridge.origin).port;
  for (const host of ['evil.example', `evil.example:${port}`, `localhost:${port}`, '127.0.0.1'])
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', events()],
      ['POST', '/call'],
    ] as const)
      assert.equal((await ask(method, path, { ...own(), Host: host }, method === 'POST' ? CHECK : '')).status, 421);
  assert.deepEqual(calls, []);
});

test('a request from another page is refused, and so is a write that does not say where it is from', async () => {
  for (const origin of ['http://evil.example', 'null', bridge.origin.replace('127.0.0.1', 'localhost')])
    assert.equal((await ask('POST', '/call', { ...own(), Origin: origin }, CHECK)).status, 403);
  assert.equal((await ask('POST', '/call', { ...json, Cookie: cookie }, CHECK)).status, 403);
  assert.equal((await ask('GET', events(), { Cookie: cookie, Origin: 'http://evil.example' })).status, 403);
  assert.equal((await ask('GET', events(), { Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' })).status, 403);
  assert.deepEqual(calls, []);
});

test('a body that is too long, is not JSON, or is not in the list is refused', async () => {
  assert.equal((await ask('POST', '/call', own(), `{"name":"check","x":"${'x'.repeat(5000)}"}`)).status, 413);
  assert.equal((await ask('POST', '/call', { ...own(), 'Content-Type': 'text/plain' }, CHECK)).status, 415);
  for (const body of ['', '{', 'null', '[]', '{"name":"Verify"}', '{"name":"rollback"}', '{"name":"fetch"}'])
    assert.equal((await ask('POST', '/call', own(), body)).status, 400, body);
  assert.deepEqual(calls, []);
});

test('with the session the list works, and only the listed paths exist', async () => {
  const reply = await ask('POST', '/call', own(), CHECK);
  assert.deepEqual([reply.status, reply.body], [200, '{"ok":true}']);
  assert.deepEqual(calls, [{ name: 'check' }]);
  assert.match((await ask('GET', events(), { Cookie: cookie })).body, /^data: \{"daemon":"connecting"/);
  for (const path of ['/app.js.map', '/../package.json', '/%2e%2e/package.json', '/index.html', '/session', '//'])
    assert.equal((await ask('GET', path, { Cookie: cookie })).status, 404, path);
  for (const method of ['PUT', 'DELETE', 'OPTIONS'])
    assert.equal((await ask(method, '/', { Origin: bridge.origin })).status, 404, method);
});

test('every answer forbids foreign scripts, framing and caching', async () => {
  for (const path of ['/', '/app.js', '/nothing']) {
    const { headers } = await ask('GET', path);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['access-control-allow-origin'], undefined);
  }
});

test('in a real browser neither a second window nor a page from elsewhere gets in, and the first one stays', async () => {
  const fresh = await openBridge({
    subscribe(listener) {
      listener(CONNECTING);
      return () => undefined;
    },
    async call(call) {
      calls.push(call);
      return { ok: true };
    },
  });
  const elsewhere = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<p>elsewhere');
  }).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext();
    const heard = (page: Page): Promise<string> =>
      page
        .evaluate(async (origin) => {
          const response = await fetch(`${origin}/call`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json', 'X-Ripple-Window': sessionStorage.getItem('window') ?? '' },
            body: '{"name":"check"}',
            credentials: 'include',
          });
          return String(response.status);
        }, fresh.origin)
        .catch(() => 'cut off');
    const first = await context.newPage();
    await first.goto(fresh.url);
    await first.waitForFunction(() => sessionStorage.getItem('window') !== null);
    assert.equal(await heard(first), '200');
    const second = await context.newPage();
    await second.goto(fresh.origin);
    assert.equal(await heard(second), '401');
    await second.goto(fresh.url);
    assert.equal(await heard(second), '401', 'with the address of the first, too');
    const address = elsewhere.address();
    assert.ok(address && typeof address === 'object');
    const foreign = await context.newPage();
    await foreign.goto(`http://127.0.0.1:${address.port}/`);
    assert.equal(await heard(foreign), 'cut off');
    assert.equal(await heard(first), '200');
    assert.equal(calls.length, 3, 'what was refused was not done');
  } finally {
    await browser.close();
    elsewhere.close();
    await fresh.close();
  }
});

test('another user of the laptop is not heard at all', {
  skip: IS_ROOT ? false : 'needs root to be somebody else',
}, async () => {
  const script = `fetch('${bridge.origin}/').then((r) => console.log(r.status), () => console.log('cut off'))`;
  const run = (uid: number) =>
    promisify(execFile)(process.execPath, ['-e', script], { uid, gid: uid, cwd: '/', timeout: 20_000 });
  assert.equal((await run(0)).stdout.trim(), '200');
  // No status: cut off, or ended before a word was heard.
  assert.match((await run(65534)).stdout.trim(), /^(cut off)?$/);
});
