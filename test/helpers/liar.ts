/** Neighbours on loopback that a test plays: real HTTP servers, announced by real mDNS. */
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Neighbour } from '../../service/core/ports.ts';
import { createDiscovery } from '../../service/discover/discovery.ts';
import { realClock, silentLogger } from './blobs.ts';
import { httpServer } from './http.ts';
import { announcement } from './neighbours.ts';

/** Announces whoever answers at `url` as a laptop that runs version 7, unless `change` says otherwise. */
export async function announce(t: TestContext, image: string, url: string, change: Partial<Neighbour>): Promise<void> {
  const discovery = createDiscovery({
    kind: 'bonjour',
    interfaces: ['127.0.0.1'],
    logger: silentLogger,
    clock: realClock,
  });
  t.after(() => discovery.stop());
  await discovery.start(announcement({ image, version: 7, port: Number(new URL(url).port), ...change }));
}

export interface Liar {
  readonly url: string;
  /** Paths it was asked for. Whether it is there at all (`HEAD`) may be asked for ever. */
  readonly asked: string[];
}

/** Gives a repository, but answers what `about` matches in its own way. */
export async function liarOver(
  t: TestContext,
  repository: string,
  lie: { readonly about: RegExp; readonly answer: (bytes: Buffer, response: ServerResponse) => void },
): Promise<Liar> {
  const asked: string[] = [];
  const url = await httpServer(t, (request, response) => {
    const path = request.url ?? '';
    if (request.method === 'HEAD') {
      response.writeHead(200).end();
      return;
    }
    asked.push(path);
    const bytes = fileIn(repository, path);
    if (lie.about.test(path)) lie.answer(bytes ?? Buffer.alloc(0), response);
    else if (bytes) response.end(bytes);
    else response.writeHead(404).end();
  });
  return { url, asked };
}

/** A body that never ends. */
export function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(16_384, 1)));
  };
  response.on('drain', more);
  more();
}

function fileIn(repository: string, path: string): Buffer | undefined {
  try {
    return readFileSync(join(repository, path));
  } catch {
    return undefined;
  }
}
