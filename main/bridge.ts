/**
 * The activity for a browser window: one loopback port that serves the page, pushes snapshots as server-sent events
 * (HTML standard, 9.2) and takes the calls of the list. Nothing here knows what a call means.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type ActivitySnapshot, parseCall } from '../service/api/activity.ts';
import type { Activity } from './activity.ts';
import { PAGE_HEADERS, type PageFile, pageFile } from './page.ts';
import { isOwnConnection } from './peer-uid.ts';
import { hostFits, originFits, Session, WINDOW_HEADER } from './session.ts';

export interface Bridge {
  /** `http://127.0.0.1:PORT/#TOKEN`: a fragment never leaves the browser, so no log and no other server sees the token. */
  readonly url: string;
  readonly origin: string;
  close(): Promise<void>;
}

/** A call is some thirty bytes, a token 43; an order has a passphrase in it. */
const MAX_BODY_BYTES = 4096;
/** One window, and one more while it reloads. */
const MAX_STREAMS = 4;
const REQUEST_TIMEOUT_MS = 10_000;

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** `fileOf` finds the files of another page than the built one, while that is being worked on. */
export async function openBridge(
  activity: Pick<Activity, 'subscribe' | 'call'>,
  fileOf: (address: string) => Promise<PageFile | undefined> = pageFile,
): Promise<Bridge> {
  const session = new Session();
  const streams = new Set<ServerResponse>();
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 8192 });
  const authority = await listen(server);

  server.on('connection', (socket) => {
    if (!isOwnConnection(socket)) socket.destroy();
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch((thrown: unknown) => {
      const status = thrown instanceof Refused ? thrown.status : 500;
      const message = thrown instanceof Refused ? thrown.message : 'internal error';
      if (response.headersSent) response.destroy();
      // What is left of a body that nobody reads must not be taken for the next request.
      else send(response, status, 'text/plain', `${message}\n`, { Connection: 'close' });
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    if (!hostFits(headers, authority)) throw new Refused(421, 'wrong host');
    if (!originFits(headers, authority, method !== 'GET')) throw new Refused(403, 'wrong origin');
    // An event stream can send no header of its own: its key stands in the address.
    const [path = '', key] = url.split('?', 2);
    switch (`${method} ${path === '/events' ? path : url}`) {
      case 'POST /session': {
        const cookie = session.exchange(await text(request));
        if (!cookie) throw new Refused(403, 'the token is wrong or was used before');
        return send(response, 200, 'text/plain', session.windowKey, { 'Set-Cookie': cookie });
      }
      case 'GET /events':
        if (!session.holds(headers.cookie, key)) throw new Refused(401, 'no session');
        return stream(response);
      case 'POST /call': {
        if (!session.holds(headers.cookie, String(headers[WINDOW_HEADER]))) throw new Refused(401, 'no session');
        if (headers['content-type'] !== 'application/json') throw new Refused(415, 'JSON expected');
        const call = parseCall(json(await text(request)));
        if (!call) throw new Refused(400, 'not in the list of calls');
        return send(response, 200, 'application/json', JSON.stringify(await activity.call(call)));
      }
      default: {
        const file = method === 'GET' ? await fileOf(url) : undefined;
        if (!file) throw new Refused(404, 'not found');
        return send(response, 200, file.type, file.body);
      }
    }
  }

  function stream(response: ServerResponse): void {
    if (streams.size >= MAX_STREAMS) throw new Refused(503, 'too many windows');
    streams.add(response);
    response.writeHead(200, { ...PAGE_HEADERS, 'Content-Type': 'text/event-stream' });
    // A window that reads slowly gets the newest snapshot when it is ready, not a queue of old ones.
    let waiting: ActivitySnapshot | undefined;
    const push = (snapshot: ActivitySnapshot): void => {
      if (response.writableNeedDrain) waiting = snapshot;
      else response.write(`data: ${JSON.stringify(snapshot)}\n\n`);
    };
    response.on('drain', () => {
      const latest = waiting;
      waiting = undefined;
      if (latest) push(latest);
    });
    const stop = activity.subscribe(push);
    response.on('close', () => {
      streams.delete(response);
      stop();
    });
  }

  return {
    url: `http://${authority}/#${session.token}`,
    origin: `http://${authority}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(`127.0.0.1:${address.port}`);
    });
  });
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  more: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...PAGE_HEADERS, 'Content-Type': type, ...more });
  response.end(body);
}

async function text(request: IncomingMessage): Promise<string> {
  let body = Buffer.alloc(0);
  for await (const chunk of request) {
    body = Buffer.concat([body, chunk]);
    if (body.length > MAX_BODY_BYTES) throw new Refused(413, 'too long');
  }
  return body.toString('utf8');
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Refused(400, 'not JSON');
  }
}
