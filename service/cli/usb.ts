/** `ripple usb`: versions carried on a stick, to where no network goes. */
import { existsSync, readFileSync } from 'node:fs';
import { RippleError, reasonOf } from '../api/errors.ts';
import type { Source } from '../core/ports.ts';
import { type Config, readConfig } from '../daemon/config.ts';
import { FolderSource } from '../fetch/folder-source.ts';
import { HttpSource } from '../fetch/http-source.ts';
import { KeyringFolder } from '../publish/keyring-folder.ts';
import { Verifier } from '../sign/verifier.ts';
import { readContents, type SignedFile } from '../stick/contents.ts';
import { HeldFolder } from '../stick/held-folder.ts';
import { carryToRepository } from '../stick/to-repository.ts';
import { type CarryOptions, carryToStick } from '../stick/to-stick.ts';
import { Repository } from '../store/repository.ts';
import { type Command, type Invocation, parseInteger, UsageError } from './command.ts';
import { CLIENT_OPTIONS, statusOf, withDaemon } from './daemon-client.ts';
import { formatBytes } from './terminal.ts';
import { getFromStick } from './usb-laptop.ts';

const CONFIG = '/etc/ripple/ripple.toml';
const ACTIONS = ['export', 'import'] as const;

export const usbCommand: Command = {
  description: `Carries versions on a USB stick, or in any other folder. DIR is the mounted stick; FAT, exFAT and ext4 will do.

export writes the newest version, or each --version, into DIR: from the repository --repo, or what this laptop runs, from its own daemon. Every byte is checked while it is copied. It says how much room is missing before it writes anything, goes on where an interrupted run ended, and everything is on the stick when it says so.

import checks documents by the keyring and content by its hash before anything is used. With --repo, or on a school server, it adds the versions to the repository. On a laptop the daemon gets the version, from the stick and from whoever else has it, and writes it beside the running one.`,
  positionals: [
    { name: 'ACTION', doc: 'export or import', choices: ACTIONS },
    { name: 'DIR', doc: 'the folder where the stick is mounted' },
  ],
  options: {
    repo: { type: 'string', value: 'DIR', doc: 'the repository to export from or to import into' },
    image: { type: 'string', value: 'NAME', doc: 'the image; the only one there is, or the configured one' },
    version: { type: 'string', multiple: true, value: 'N', doc: 'a version; the newest when not given' },
    keyring: {
      type: 'string',
      value: 'FILE',
      doc: 'judge by this keyring instead of the repository’s or the configured one',
    },
    config: { type: 'string', value: 'FILE', doc: `the configuration; ${CONFIG} when not given` },
    ...CLIENT_OPTIONS,
  },
  examples: ['ripple usb export /media/stick --repo /srv/ripple', 'ripple usb import /media/stick'],
  run: async (invocation) => {
    const action = ACTIONS.find((word) => word === invocation.positional(0));
    if (action === undefined) throw new UsageError(`"${invocation.positional(0)}" is neither export nor import`);
    const stick = new HeldFolder(invocation.positional(1));
    try {
      await (action === 'export' ? exportTo(stick, invocation) : importFrom(stick, invocation));
    } finally {
      stick.close();
    }
  },
};

async function exportTo(stick: HeldFolder, invocation: Invocation): Promise<void> {
  const from = await exportedFrom(invocation);
  const { verifier, first } = await trustIn(invocation.string('keyring') ?? from.keyring);
  const read = await readContents(from.source, verifier, from, invocation.signal);
  const contents = { ...read, keyrings: [first, ...read.keyrings] };
  const carried = await carryToStick(from.source, contents, stick, verifier, carryOptions(invocation, 'export'));
  const versions = contents.versions.map(({ release }) => release.version);
  invocation.terminal.result(
    { image: from.image, versions, ...carried },
    () =>
      `${named(from.image, versions)} on ${stick.name}, ${formatBytes(carried.copiedBytes)} of it copied now. You can unplug it.`,
  );
}

interface ExportedFrom {
  readonly source: Source;
  readonly keyring: string;
  readonly image: string;
  readonly versions: readonly number[];
}

/** A repository, or the daemon of this laptop, which gives to anybody: that takes no rights to its files. */
async function exportedFrom(invocation: Invocation): Promise<ExportedFrom> {
  const versions = wantedVersions(invocation);
  const folder = invocation.string('repo');
  if (folder !== undefined) {
    const image = await imageOf(invocation, folder);
    return { source: new FolderSource(folder), keyring: new KeyringFolder(folder).file(1), image, versions };
  }
  const config = readConfig(invocation.string('config') ?? CONFIG);
  if (config.role === 'school') {
    const image = invocation.string('image') ?? config.image;
    return { source: new FolderSource(config.repository), keyring: config.keyring, image, versions };
  }
  const status = await withDaemon(invocation, async (client) => statusOf(client));
  return {
    source: new HttpSource({ kind: 'origin', urls: [shareUrl(config)] }),
    keyring: config.keyring,
    image: status.image,
    versions: versions.length > 0 ? versions : [status.bootedVersion],
  };
}

function shareUrl({ shareListen, sharePort }: Config): string {
  const [host] = shareListen;
  if (host === undefined || sharePort === 0)
    throw new RippleError(
      'InvalidArgument',
      'this laptop gives nothing at a known port: set share.listen and share.port',
    );
  const local = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${local.includes(':') ? `[${local}]` : local}:${sharePort}`;
}

async function importFrom(stick: HeldFolder, invocation: Invocation): Promise<void> {
  const file = invocation.string('config') ?? CONFIG;
  const config = invocation.string('config') !== undefined || existsSync(file) ? readConfig(file) : undefined;
  const folder = invocation.string('repo') ?? (config?.role === 'school' ? config.repository : undefined);
  const versions = wantedVersions(invocation);
  if (folder === undefined) return getFromStick(stick, versions, invocation);
  const repository = new Repository(folder);
  const source = new FolderSource(stick.name);
  const image = await imageOf(invocation, stick.name);
  const kept = invocation.string('keyring') === undefined ? await new KeyringFolder(folder).newest() : undefined;
  const keyring = invocation.string('keyring') ?? config?.keyring;
  if (!kept && keyring === undefined)
    throw new UsageError(`${folder} has no keyring to judge the stick by: give --keyring, from somebody you trust`);
  const trust = kept ? undefined : await trustIn(keyring ?? '');
  const verifier = kept ?? trust?.verifier;
  if (!verifier) throw new RippleError('Internal', 'no keyring');
  const read = await readContents(
    source,
    verifier,
    { image, versions: versions.length > 0 ? versions : await onStick(stick, image) },
    invocation.signal,
  );
  const isFirst = trust && (await repository.keyringVersions()).length === 0;
  const contents = { ...read, keyrings: isFirst ? [trust.first, ...read.keyrings] : read.keyrings };
  const carried = await carryToRepository(
    source,
    contents,
    stick,
    repository,
    verifier,
    carryOptions(invocation, 'import'),
  );
  const found = contents.versions.map(({ release }) => release.version);
  invocation.terminal.result(
    { image, versions: found, ...carried },
    () =>
      `${named(image, found)} in ${folder}, ${formatBytes(carried.copiedBytes)} of it copied now. You can unplug the stick.`,
  );
}

/** Every version that the stick says it has. */
export async function onStick(stick: HeldFolder, image: string): Promise<readonly number[]> {
  const versions = await new Repository(stick.name).versions(image);
  if (versions.length === 0) throw new RippleError('UnknownVersion', `${stick.name} has no version of ${image}`);
  return versions;
}

async function imageOf(invocation: Invocation, folder: string): Promise<string> {
  const given = invocation.string('image');
  if (given !== undefined) return given;
  const images = await new Repository(folder).images();
  const [only] = images;
  if (only === undefined)
    throw new RippleError('UnknownVersion', `${folder} is no repository: there is nothing in images/`);
  if (images.length > 1) throw new UsageError(`${folder} has the images ${images.join(', ')}: choose one with --image`);
  return only;
}

async function trustIn(file: string): Promise<{ readonly verifier: Verifier; readonly first: SignedFile }> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new RippleError('InvalidArgument', `cannot read the keyring ${file}: ${reasonOf(error)}`);
  }
  const verifier = await Verifier.fromInstalled(bytes, 0);
  return { verifier, first: { path: `keyring/${verifier.keyringVersion}.pgp`, bytes } };
}

function wantedVersions(invocation: Invocation): readonly number[] {
  return invocation.list('version').map((text) => parseInteger('--version', text, 1, 999_999_999));
}

function carryOptions({ signal, terminal }: Invocation, label: string): CarryOptions {
  return {
    signal,
    onProgress: (done, total) => terminal.bar(label, done, total, `${formatBytes(done)}/${formatBytes(total)}`),
  };
}

function named(image: string, versions: readonly number[]): string {
  return versions.length === 1
    ? `Version ${versions[0]} of ${image} is`
    : `Versions ${versions.join(', ')} of ${image} are`;
}
