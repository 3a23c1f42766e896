/** A process that takes a sysroot through everything that is ever done to one, and says each step that is done. */
import { appendFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Memory } from '../../service/daemon/memory.ts';
import { bless, choose } from '../../service/deploy/boot-config.ts';
import { surveyDeployments } from '../../service/deploy/recover.ts';
import { removeDeployment } from '../../service/deploy/removal.ts';
import { stage } from '../../service/deploy/stage.ts';
import { formatManifest } from '../../service/image/manifest.ts';
import { BlobCache } from '../../service/store/blob-cache.ts';
import { writeDurablySync } from '../../service/sys/durable.ts';
import { repairVersion, smallImage, TestSysroot, xo } from './sysroot.ts';

const sysroot = new TestSysroot(process.argv[2] ?? '');
const { layout, backend } = sysroot;
const tell = (step: string): void => void writeSync(1, `${step}\n`);

const memory = Memory.open(layout.stateFile);
const image = smallImage(7);
const cache = new BlobCache(layout.blobs);
writeDurablySync(layout.release(xo(7)), Buffer.from('release'));
writeDurablySync(layout.manifest(xo(7)), Buffer.from(formatManifest(image.entries)));
const { usedBlobs } = await stage({
  layout,
  backend,
  target: xo(7),
  manifest: image.entries,
  base: sysroot.base(6, smallImage(6)),
  blobPath: sysroot.blobPath,
});
for (const sha256 of usedBlobs) cache.drop(sha256);
tell('staged');
choose(layout, { current: xo(7), previous: xo(6), tries: 3 });
tell('chose');
bless(layout);
tell('blessed');
for (const verdict of surveyDeployments(layout, { booted: xo(7) }))
  if (verdict.removable) await removeDeployment(layout, verdict, backend);
tell('removed');
choose(layout, { current: xo(6), previous: xo(7) });
memory.update({ shunned: [7] });
tell('went back');
appendFileSync(join(layout.deployment(xo(6)), 'etc/same'), 'damage');
await repairVersion(sysroot, 6, [7]);
tell('repaired');
