/** The commands that bring a laptop from one version to another. */
import { RippleError } from '../api/errors.ts';
import { type Command, type Invocation, parseInteger, UsageError } from './command.ts';
import { CLIENT_OPTIONS, type Status, statusOf, waitFor, withDaemon } from './daemon-client.ts';
import { describe } from './status.ts';
import { formatBytes } from './terminal.ts';

/** States with work under way whose end can be waited for. */
export const BUSY: readonly string[] = ['checking', 'fetching', 'staging'];
const NO_WAIT = { type: 'boolean', doc: 'do not wait for the end' } as const;

export const checkCommand: Command = {
  description:
    'Asks every neighbour and server that is near for its newest version, and checks what they say against the keyring.',
  positionals: [],
  options: CLIENT_OPTIONS,
  examples: ['ripple check'],
  run: (invocation) =>
    withDaemon(invocation, async (client) => {
      await client.call('Check', [{}]);
      const status = await waitFor(
        client,
        invocation.signal,
        () => {},
        (now) => !BUSY.includes(now.state),
      );
      refuseTrouble(status);
      invocation.terminal.result(status, () => describe(status));
    }),
};

export const getCommand: Command = {
  description:
    'Fetches what is different from the running version, from neighbours first, checks it, and writes the new tree beside the running one. Nothing changes for the running system; what came is kept if it is interrupted.',
  positionals: [{ name: 'VERSION', doc: 'the version to get', optional: true }],
  options: { ...CLIENT_OPTIONS, 'no-wait': NO_WAIT },
  examples: ['ripple get 7', 'ripple get'],
  run: (invocation) => {
    const asked = invocation.positionals.length > 0 ? invocation.version(0) : undefined;
    return withDaemon(invocation, async (client) => {
      const version = asked ?? newest(statusOf(client));
      await client.call('Fetch', [version, {}]);
      if (invocation.flag('no-wait')) return invocation.terminal.say(`Getting version ${version}.`);
      const status = await waitFor(
        client,
        invocation.signal,
        (now) => drawProgress(invocation, now),
        (now) => !BUSY.includes(now.state),
      );
      refuseTrouble(status);
      if (status.stagedVersion !== version && !isLocal(status, version))
        throw new RippleError('Cancelled', `getting version ${version} was stopped; what came is kept`);
      invocation.terminal.result(
        status,
        () => `Version ${version} is here and checked${sources(status)}. Choose it: ripple accept ${version}`,
      );
    });
  },
};

export const acceptCommand: Command = {
  description:
    'Chooses a version that was fetched. It runs from the next start on; the running one stays as the way back. With --when now the laptop restarts at once.',
  positionals: [{ name: 'VERSION', doc: 'the version to choose' }],
  options: {
    ...CLIENT_OPTIONS,
    when: {
      type: 'string',
      value: 'WHEN',
      doc: 'now: restart at once; next-boot (default): whenever it restarts; or a time, unix seconds or RFC 3339',
    },
  },
  examples: ['ripple accept 7', 'ripple accept 7 --when now', 'ripple accept 7 --when 2026-03-06T15:00:00Z'],
  run: (invocation) => {
    const version = invocation.version(0);
    const when = parseWhen(invocation.string('when') ?? 'next-boot');
    return withDaemon(invocation, async (client) => {
      await client.call('Accept', [
        version,
        { when: typeof when === 'bigint' ? { signature: 't', value: when } : { signature: 's', value: when } },
      ]);
      const told = { now: 'Restarting into it.', 'next-boot': 'It runs from the next start on.' };
      const text =
        typeof when === 'bigint'
          ? `The laptop restarts into it at ${new Date(Number(when) * 1000).toISOString()}.`
          : told[when];
      invocation.terminal.result({ version, when: String(when) }, () => `Version ${version} is chosen. ${text}`);
    });
  },
};

export const laterCommand: Command = {
  description: 'Nothing reminds of the version until then. Without --until: for a day.',
  positionals: [{ name: 'VERSION', doc: 'the version to put off; the newest when not given', optional: true }],
  options: {
    ...CLIENT_OPTIONS,
    until: { type: 'string', value: 'TIME', doc: 'unix seconds, RFC 3339, or "start" for the next start' },
  },
  examples: ['ripple later', 'ripple later 7 --until start'],
  run: (invocation) => {
    const until = parseUntil(invocation.string('until'));
    const asked = invocation.positionals.length > 0 ? invocation.version(0) : undefined;
    return withDaemon(invocation, async (client) => {
      const status = statusOf(client);
      const version = asked ?? (status.stagedVersion || newest(status));
      await client.call('Defer', [version, { until: { signature: 'x', value: until } }]);
      invocation.terminal.result(
        { version, until: Number(until) },
        () =>
          `Version ${version} is put off${until < 0n ? ' until the next start' : ` until ${new Date(Number(until) * 1000).toISOString()}`}.`,
      );
    });
  },
};

export const rollbackCommand: Command = {
  description:
    'Chooses the version that ran before. Nothing of /home is touched. The laptop goes back when it restarts: ripple restart.',
  positionals: [],
  options: CLIENT_OPTIONS,
  examples: ['ripple rollback && ripple restart'],
  run: (invocation) =>
    withDaemon(invocation, async (client) => {
      await client.call('Rollback', [{}]);
      const status = await waitFor(
        client,
        invocation.signal,
        () => {},
        (now) => now.currentVersion > 0,
      );
      invocation.terminal.result(
        { version: status.currentVersion },
        () => `Version ${status.currentVersion} is chosen. It runs from the next start on.`,
      );
    }),
};

export const restartCommand: Command = {
  description: 'Does nothing unless a version other than the running one is chosen.',
  positionals: [],
  options: CLIENT_OPTIONS,
  examples: ['ripple restart'],
  run: (invocation) =>
    withDaemon(invocation, async (client) => {
      await client.call('Restart', []);
      invocation.terminal.say('Restarting.');
    }),
};

export const cancelCommand: Command = {
  description: 'Stops a check or a fetch. What came is kept, and is not fetched again next time.',
  positionals: [],
  options: CLIENT_OPTIONS,
  examples: ['ripple cancel'],
  run: (invocation) =>
    withDaemon(invocation, async (client) => {
      await client.call('Cancel', []);
      invocation.terminal.say('Stopped. What came is kept.');
    }),
};

function newest(status: Status): number {
  const version = Math.max(0, ...status.versions.map((info) => info.version));
  if (version === 0)
    throw new RippleError('UnknownVersion', 'no newer version is known; look around first: ripple check');
  return version;
}

function isLocal(status: Status, version: number): boolean {
  return (
    status.versions.some((info) => info.version === version && info.local) ||
    [status.currentVersion, status.previousVersion].includes(version)
  );
}

/** Throws what the daemon says went wrong. */
export function refuseTrouble(status: Status): void {
  const { code, message } = status.lastError;
  if (status.state === 'failed' && code !== '' && code !== 'RolledBack') throw new RippleError(code, message);
}

/** One bar for what the daemon is at. */
export function drawProgress(invocation: Invocation, status: Status): void {
  const { phase, doneBytes, totalBytes, etaSeconds } = status.progress;
  if (totalBytes === 0) return;
  const left = etaSeconds > 0 ? `, ${etaSeconds} s left` : '';
  invocation.terminal.bar(phase, doneBytes, totalBytes, `${formatBytes(doneBytes)}/${formatBytes(totalBytes)}${left}`);
}

function sources(status: Status): string {
  const given = Object.entries(status.progress.fromPeers).filter(([, bytes]) => bytes > 0);
  if (given.length === 0) return '';
  const names = new Map(status.peers.map((peer) => [peer.id, peer.name || peer.id]));
  return ` (${given.map(([id, bytes]) => `${formatBytes(bytes)} from ${names.get(id) ?? id}`).join(', ')})`;
}

function parseWhen(text: string): 'now' | 'next-boot' | bigint {
  return text === 'now' || text === 'next-boot' ? text : parseTime('--when', text, 'now, next-boot');
}

function parseUntil(text: string | undefined): bigint {
  if (text === undefined) return BigInt(Math.floor(Date.now() / 1000) + 24 * 3600);
  return text === 'start' ? -1n : parseTime('--until', text, 'start');
}

function parseTime(option: string, text: string, words: string): bigint {
  if (/^[0-9]+$/.test(text)) return BigInt(parseInteger(option, text, 0, 99_999_999_999));
  const ms = /^[0-9]{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new UsageError(`${option} must be ${words}, unix seconds or a time like 2026-03-06T15:00:00Z, not "${text}"`);
  return BigInt(Math.floor(ms / 1000));
}
