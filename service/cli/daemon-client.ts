/** What the commands that talk to the daemon share: the connection, its options, the snapshot in plain values. */
import { UpdaterClient } from '../../dbus/client.ts';
import { decodeSnapshot } from '../../dbus/decode.ts';
import { RippleError } from '../api/errors.ts';
import type { UpdaterSnapshot } from '../api/model.ts';
import type { Invocation, OptionSpec } from './command.ts';

export const CLIENT_OPTIONS = {
  bus: {
    type: 'string',
    value: 'ADDRESS',
    doc: 'D-Bus address of the daemon; the system bus when not given, or $RIPPLE_BUS',
  },
  json: { type: 'boolean', doc: 'print JSON for programs' },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** The properties of the daemon as the command line prints them. */
export type Status = UpdaterSnapshot;

export function statusOf(client: UpdaterClient): Status {
  const status = decodeSnapshot(client.properties);
  if (!status) throw new RippleError('IoError', 'the daemon does not say how it is; its log may tell more');
  return status;
}

/** Connects, runs `work`, disconnects. @throws RippleError `IoError` saying how to start the daemon when it is away. */
export async function withDaemon<Result>(
  invocation: Invocation,
  work: (client: UpdaterClient) => Promise<Result>,
): Promise<Result> {
  const address = invocation.string('bus') ?? process.env.RIPPLE_BUS;
  const client = await UpdaterClient.connect(address === undefined || address === '' ? undefined : address);
  try {
    if (!client.present) {
      throw new RippleError(
        'IoError',
        'the daemon is not running; start it: systemctl start ripple, or ripple daemon --config FILE',
      );
    }
    return await work(client);
  } finally {
    client.close();
  }
}

/**
 * Resolves with the first status for which `done` is true; `watch` sees every one before it. Ends with `Cancelled` on
 * Ctrl-C, and with `IoError` when the daemon goes away.
 */
export function waitFor(
  client: UpdaterClient,
  signal: AbortSignal,
  watch: (status: Status) => void,
  done: (status: Status) => boolean,
): Promise<Status> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      unsubscribe();
      signal.removeEventListener('abort', aborted);
    };
    const aborted = (): void => {
      finish();
      reject(new RippleError('Cancelled', 'stopped waiting; the daemon goes on (to stop it: ripple cancel)'));
    };
    const look = (): void => {
      if (!client.present) {
        finish();
        reject(new RippleError('IoError', 'the daemon went away'));
        return;
      }
      const status = statusOf(client);
      watch(status);
      if (!done(status)) return;
      finish();
      resolve(status);
    };
    const unsubscribe = client.onChange(look);
    signal.addEventListener('abort', aborted);
    look();
  });
}
