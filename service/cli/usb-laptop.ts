/**
 * `ripple usb import` on a laptop. The daemon never touches the stick, whose path a caller could choose: this program,
 * with its caller's rights, gives the stick's files on loopback while the daemon gets them as from any other server,
 * with every check and limit of that.
 */
import { RippleError } from '../api/errors.ts';
import { startShareServer } from '../share/server.ts';
import type { HeldFolder } from '../stick/held-folder.ts';
import { FolderContent } from '../store/folder-content.ts';
import { Repository } from '../store/repository.ts';
import { type Invocation, UsageError } from './command.ts';
import { statusOf, waitFor, withDaemon } from './daemon-client.ts';
import { BUSY, drawProgress, refuseTrouble } from './update.ts';

/** The daemon is the only one who asks, and asks several things at once. */
const SLOTS = 64;

/** @param versions one, or none: the newest on the stick */
export async function getFromStick(
  stick: HeldFolder,
  versions: readonly number[],
  invocation: Invocation,
): Promise<void> {
  if (versions.length > 1) throw new UsageError('a laptop gets one version: give one --version');
  const server = await startShareServer({
    host: '127.0.0.1',
    port: 0,
    content: new FolderContent(stick.name),
    slots: SLOTS,
    retryAfterSeconds: 1,
    logger: { info: () => {}, warn: (message) => invocation.terminal.warn(message) },
  });
  try {
    await withDaemon(invocation, async (client) => {
      const before = statusOf(client);
      const version = versions[0] ?? (await new Repository(stick.name).versions(before.image)).at(-1);
      if (version === undefined)
        throw new RippleError('UnknownVersion', `${stick.name} has no version of ${before.image}`);
      await client.call('Check', [{ origin: { signature: 's', value: server.url } }]);
      const isDone = ({ state }: { readonly state: string }): boolean => !BUSY.includes(state);
      refuseTrouble(await waitFor(client, invocation.signal, () => {}, isDone));
      await client.call('Fetch', [version, {}]);
      const after = await waitFor(client, invocation.signal, (now) => drawProgress(invocation, now), isDone);
      stick.requirePresent();
      refuseTrouble(after);
      invocation.terminal.result(
        after,
        () => `Version ${version} is here and checked; you can unplug the stick. Choose it: ripple accept ${version}`,
      );
    });
  } finally {
    await server.close();
  }
}
