/** A cap on what a laptop takes, with real sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceLedger } from '../../service/core/source-ledger.ts';
import { HttpSource } from '../../service/fetch/http-source.ts';
import { Pace } from '../../service/fetch/pace.ts';
import { fetchBlobs } from '../../service/fetch/swarm.ts';
import { BlobCache } from '../../service/store/blob-cache.ts';
import { randomBlobs, realClock, repositoryOf, serve } from '../helpers/blobs.ts';
import { tempFolder } from '../helpers/temp.ts';

/** How many bytes were waited for, whatever the clock says. */
class CountingPace extends Pace {
  bytes = 0;
  override took(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    this.bytes += bytes;
    return super.took(bytes, signal);
  }
}

test('every byte of content passes the cap, and who waits for us longer than a stall is not left', async (t) => {
  const blobs = randomBlobs(2, 700_000);
  const server = await serve(t, repositoryOf(t, blobs));
  const pace = new CountingPace(300_000);
  // With that much before a slow reader, nothing is taken from the network for longer than this.
  const source = new HttpSource({ kind: 'peer', urls: [server.url], limits: { stallMs: 120 }, pace });
  t.after(() => source.close());
  const troubles: string[] = [];
  await fetchBlobs(
    blobs.map(({ ref }) => ref),
    {
      sources: () => [source],
      cache: new BlobCache(tempFolder(t, 'cache')),
      ledger: new SourceLedger(),
      clock: realClock,
      onSourceError: (_source, { message }) => troubles.push(message),
    },
  );
  assert.deepEqual(troubles, []);
  assert.equal(pace.bytes, 1_400_000);
});
