/** `ripple status` and `ripple peers`: what the daemon says of itself and of the neighbours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PeerInfo } from '../api/model.ts';
import { ETC_NOTICE, type HiddenFile, parseKept } from '../daemon/etc-keeper.ts';
import type { Command } from './command.ts';
import { CLIENT_OPTIONS, type Status, statusOf, withDaemon } from './daemon-client.ts';
import { formatBytes, formatTable } from './terminal.ts';

export const statusCommand: Command = {
  description:
    'Prints the version that runs, the one chosen for the next start, what newer versions somebody near has, and what the daemon is doing.',
  positionals: [],
  options: CLIENT_OPTIONS,
  examples: ['ripple status', 'ripple status --json'],
  run: (invocation) =>
    withDaemon(invocation, async (client) => {
      const status = statusOf(client);
      const hiddenEtc = readHiddenEtc();
      invocation.terminal.result({ ...status, hiddenEtc }, () => describe(status, hiddenEtc));
    }),
};

export const peersCommand: Command = {
  description:
    'Prints a table of the neighbours that were heard: who they are, which version they have, how much they gave.',
  positionals: [],
  options: CLIENT_OPTIONS,
  examples: ['ripple peers'],
  run: (invocation) =>
    withDaemon(invocation, async (client) => {
      const { peers } = statusOf(client);
      invocation.terminal.result(peers, () => (peers.length === 0 ? 'Nobody is near.' : peersTable(peers)));
    }),
};

/** What the daemon left beside the boot script's note; nothing there: nothing to tell. */
function readHiddenEtc(): readonly HiddenFile[] {
  try {
    return parseKept(readFileSync(join('/run/ripple', ETC_NOTICE), 'utf8'))?.hidden ?? [];
  } catch {
    return [];
  }
}

export function describe(status: Status, hiddenEtc: readonly HiddenFile[] = []): string {
  const { currentVersion, previousVersion, stagedVersion, versions, progress, lastError } = status;
  const rows: (readonly [string, string])[] = [
    ['Image', status.image],
    ['Running', status.bootedVersion === 0 ? 'not a deployment' : `version ${status.bootedVersion}`],
  ];
  if (status.restartRequired) rows.push(['Next start', `version ${currentVersion}`]);
  if (previousVersion > 0) rows.push(['Previous', `version ${previousVersion}`]);
  if (stagedVersion > 0)
    rows.push(['Staged', `version ${stagedVersion}, not chosen yet: ripple accept ${stagedVersion}`]);
  for (const info of versions.filter((candidate) => candidate.version > status.bootedVersion && !candidate.local)) {
    const size = info.downloadSizeBytes > 0 ? `${formatBytes(info.downloadSizeBytes)} to get, ` : '';
    const urgent = info.severity === 'critical' ? 'critical, ' : '';
    rows.push([
      'Newer',
      `version ${info.version}, ${urgent}${size}${info.sources.length} ${info.sources.length === 1 ? 'has' : 'have'} it: ripple get ${info.version}`,
    ]);
  }
  if (progress.phase !== 'none' && progress.phase !== 'done') {
    rows.push([
      'Progress',
      `version ${progress.version}, ${progress.phase}, ${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}`,
    ]);
  }
  if (status.deferredUntil !== 0)
    rows.push(['Put off', status.deferredUntil < 0 ? 'until the next start' : `until ${when(status.deferredUntil)}`]);
  for (const { path, version } of hiddenEtc)
    rows.push([
      'Own file',
      `/etc/${path} was changed here and by version ${version}: this laptop's stays, the other is ${versionEtc(status, path)}`,
    ]);
  rows.push(['State', status.state]);
  if (lastError.code !== '') rows.push(['Trouble', `${lastError.message} (${lastError.code})`]);
  return rows.map(([name, value]) => `${`${name}:`.padEnd(11)} ${value}`).join('\n');
}

function versionEtc({ image, bootedVersion }: Status, path: string): string {
  return `/sysroot/rootfs/${image}.${bootedVersion}/etc/${path}`;
}

function peersTable(peers: readonly PeerInfo[]): string {
  const rows = [...peers]
    .sort((a, b) => b.version - a.version || (a.name < b.name ? -1 : 1))
    .map((peer) => [
      peer.name || peer.id,
      peer.role,
      peer.version > 0 ? String(peer.version) : '-',
      peer.state,
      peer.givenBytes > 0 ? formatBytes(peer.givenBytes) : '-',
      peer.lastSeen > 0 ? when(peer.lastSeen) : '-',
    ]);
  return formatTable(['NAME', 'ROLE', 'VERSION', 'STATE', 'GAVE', 'LAST SEEN'], rows);
}

function when(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('T', ' ').slice(0, 16);
}
