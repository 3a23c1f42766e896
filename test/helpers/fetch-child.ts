/** A process that fetches until it is killed: argv = URL, cache folder, file with the wanted blobs as JSON. */
import { readFileSync } from 'node:fs';
import type { BlobRef } from '../../service/core/ports.ts';
import { SourceLedger } from '../../service/core/source-ledger.ts';
import { HttpSource } from '../../service/fetch/http-source.ts';
import { fetchBlobs } from '../../service/fetch/swarm.ts';
import { BlobCache } from '../../service/store/blob-cache.ts';
import { realClock } from './blobs.ts';

const [url = '', folder = '', wantedFile = ''] = process.argv.slice(2);
const wanted: BlobRef[] = JSON.parse(readFileSync(wantedFile, 'utf8'));
const source = new HttpSource({ kind: 'peer', urls: [url] });
const result = await fetchBlobs(wanted, {
  sources: () => [source],
  cache: new BlobCache(folder),
  ledger: new SourceLedger(),
  clock: realClock,
  onProgress: ({ doneBytes }) => console.log(`done ${doneBytes}`),
});
console.log(`result ${JSON.stringify(result)}`);
source.close();
