/** From `ripple check` on a terminal, and from the D-Bus call alone, to the first request at the server. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UpdaterClient } from '../../dbus/client.ts';
import { RippleError } from '../../service/api/errors.ts';
import { VirtualLaptop } from '../../service/demo/virtual-laptop.ts';
import { startShareServer } from '../../service/share/server.ts';
import { FolderContent } from '../../service/store/folder-content.ts';
import { startPrivateBus } from '../helpers/private-bus.ts';
import { rippleOk } from '../helpers/ripple.ts';
import { run } from './measure.ts';
import { IMAGE, OLD, type Sources, STAGE } from './sources.ts';
import { type Spread, spread } from './statistics.ts';

export interface FirstByte {
  /** From the start of the `ripple` process. */
  readonly fromCommandMs: Spread;
  /** From the D-Bus call, by a program that is connected already. */
  readonly fromCallMs: Spread;
}

export async function measureFirstByte(
  { repository, keyring: installed }: Sources,
  folder: string,
  runs: number,
): Promise<FirstByte> {
  const own = join(folder, 'first-byte');
  mkdirSync(own);
  const keyring = join(own, 'keyring.pgp');
  copyFileSync(installed, keyring);
  const files = new FolderContent(repository);
  let askedMs = 0;
  const server = await startShareServer({
    host: '127.0.0.1',
    port: 0,
    slots: 8,
    retryAfterSeconds: 1,
    logger: { info: () => {}, warn: () => {} },
    content: {
      open: (path) => {
        if (askedMs === 0) askedMs = performance.now();
        return files.open(path);
      },
    },
  });
  const bus = await startPrivateBus();
  const laptop = new VirtualLaptop({
    folder: join(own, 'laptop'),
    config: {
      image: IMAGE,
      keyring,
      origins: [server.url],
      'check.minutes': 0,
      'bus.address': bus.address,
      'discovery.kind': 'none',
    },
  });
  try {
    run(process.execPath, STAGE, laptop.sysroot, repository, keyring, IMAGE, `${OLD}`, 'auto', '--choose');
    await laptop.start();
    const client = await UpdaterClient.connect(bus.address);
    const timed = async (ask: () => Promise<unknown>): Promise<number> => {
      askedMs = 0;
      const startedMs = performance.now();
      await ask();
      if (askedMs === 0) throw new RippleError('Internal', 'nobody asked the server');
      return askedMs - startedMs;
    };
    const byCommand: number[] = [];
    const byCall: number[] = [];
    for (let round = 0; round <= runs; round++) {
      const command = await timed(() => rippleOk(['check', '--bus', bus.address]));
      const call = await timed(() => checkByCall(client));
      if (round === 0) continue;
      byCommand.push(command);
      byCall.push(call);
    }
    client.close();
    return { fromCommandMs: spread(byCommand), fromCallMs: spread(byCall) };
  } finally {
    await laptop.stop();
    await bus.stop();
    await server.close();
  }
}

/** Resolves when the look around is over. */
function checkByCall(client: UpdaterClient): Promise<void> {
  return new Promise((resolve, reject) => {
    let checking = false;
    const stop = client.onChange(() => {
      if (client.properties.State === 'checking') checking = true;
      else if (checking) {
        stop();
        resolve();
      }
    });
    client.call('Check', [{}]).catch(reject);
  });
}
