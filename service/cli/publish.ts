/** `ripple publish`: a tree becomes a signed version in a repository. */
import { readFileSync, realpathSync } from 'node:fs';
import { RippleError, reasonOf } from '../api/errors.ts';
import type { Severity } from '../api/model.ts';
import { MAX_NOTES_BYTES, readNotes } from '../image/notes.ts';
import { firstKeyring } from '../publish/keyring-edit.ts';
import { KeyringFolder } from '../publish/keyring-folder.ts';
import { loadSigner, readPassphrase } from '../publish/keys.ts';
import { type PublishResult, publish, requireTree } from '../publish/publish.ts';
import { trustedSigning } from '../publish/trusted-signing.ts';
import type { Signer } from '../sign/signer.ts';
import type { Verifier } from '../sign/verifier.ts';
import { Repository } from '../store/repository.ts';
import { type Command, type Invocation, UsageError } from './command.ts';
import { formatBytes } from './terminal.ts';

export const publishCommand: Command = {
  description:
    'Reads every entry of TREE, writes its manifest and the content that the repository does not have yet, then the signed release, and at last the signed statement that this version is the newest. The same tree gives the same manifest, byte for byte. A version that is there already is never changed.\n\nA repository without a keyring gets one that trusts the keys of this call for everything; for a school, make it first: ripple keyring.',
  positionals: [{ name: 'TREE', doc: 'the root folder of the version' }],
  options: {
    repo: { type: 'string', value: 'DIR', required: true, doc: 'the repository' },
    image: { type: 'string', value: 'NAME', required: true, doc: 'the image, e.g. xo' },
    version: { type: 'string', value: 'N', required: true, doc: 'the version, a positive whole number' },
    key: {
      type: 'string',
      multiple: true,
      value: 'KEY',
      required: true,
      doc: 'a private key of the release role; again for a threshold',
    },
    'latest-key': {
      type: 'string',
      multiple: true,
      value: 'KEY',
      doc: 'a private key of the latest role; the release keys when not given',
    },
    'passphrase-file': { type: 'string', value: 'FILE', doc: 'its first line unlocks the keys' },
    'diff-from': {
      type: 'string',
      multiple: true,
      value: 'N',
      doc: 'also make the bundle that takes a laptop from version N to this one in a few bytes; again for more',
    },
    'file-diffs': {
      type: 'boolean',
      doc: 'with --diff-from: also the differences of single large files, which help from further versions; takes as long again',
    },
    severity: { type: 'string', value: 'normal|critical', doc: 'critical wakes laptops at once' },
    notes: {
      type: 'string',
      value: 'FILE',
      doc: 'what is new, JSON by language, with at most three small SVG pictures',
    },
    json: { type: 'boolean', doc: 'print the result as JSON' },
  },
  examples: ['ripple publish tree/ --repo repo --image xo --version 7 --diff-from 6 --key release.key'],
  run: async (invocation) => {
    const severity = severityOf(invocation.string('severity') ?? 'normal');
    const image = invocation.required('image');
    if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(image) || image === 'config')
      throw new UsageError(`--image "${image}" must be lower-case letters, digits, "-" and "_"`);
    const version = invocation.integer('version', 1, 999_999_999) ?? 0;
    const diffFrom = invocation.list('diff-from').map(versionOf);
    const passphraseFile = invocation.string('passphrase-file');
    const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile);
    const load = (names: readonly string[]): Promise<readonly Signer[]> =>
      Promise.all(names.map((name) => loadSigner(name, passphrase)));
    const signers = await load(invocation.list('key'));
    const latestSigners =
      invocation.list('latest-key').length > 0 ? await load(invocation.list('latest-key')) : signers;
    const repository = invocation.required('repo');
    const tree = followed(invocation.positional(0));
    requireTree(tree, repository);
    const notesFile = invocation.string('notes');
    const notes = notesFile === undefined ? undefined : checkedNotes(notesFile);
    const verifier = await ensureKeyring(repository, signers, invocation);
    const signing = await trustedSigning({ repository, image, version }, verifier, signers, latestSigners);
    const published = await publish(
      {
        tree,
        repository: new Repository(repository),
        image,
        version,
        severity,
        diffFrom,
        fileDiffs: invocation.flag('file-diffs'),
        ...signing,
        signal: invocation.signal,
        ...(notes === undefined ? {} : { notes }),
      },
      (progress) =>
        invocation.terminal.bar(
          progress.phase,
          progress.doneBytes,
          progress.totalBytes,
          formatBytes(progress.doneBytes),
        ),
    );
    for (const warning of published.warnings) invocation.terminal.warn(warning);
    invocation.terminal.result(
      published,
      () =>
        `Published ${image} version ${version}: ${formatBytes(published.treeBytes)} in the tree, ${published.newBlobs} new ${published.newBlobs === 1 ? 'blob' : 'blobs'} (${formatBytes(published.newBlobBytes)}).${bundlesText(published.bundles)}${diffsText(published)} Manifest ${published.manifest.sha256}.`,
    );
  },
};

function bundlesText(bundles: PublishResult['bundles']): string {
  return bundles
    .map(({ from, bytes, blobBytes }) =>
      bytes === 0
        ? ` From ${from}: no bundle, whole blobs (${formatBytes(blobBytes)}) are as small.`
        : ` From ${from}: a bundle of ${formatBytes(bytes)} instead of ${formatBytes(blobBytes)}.`,
    )
    .join('');
}

function diffsText({ fileDiffs, fileDiffBytes }: PublishResult): string {
  if (fileDiffs === 0) return '';
  return ` Differences of ${fileDiffs} ${fileDiffs === 1 ? 'file' : 'files'}: ${formatBytes(fileDiffBytes)}.`;
}

async function ensureKeyring(
  repository: string,
  signers: readonly Signer[],
  invocation: Invocation,
): Promise<Verifier> {
  const folder = new KeyringFolder(repository);
  const newest = await folder.newest();
  if (newest) return newest;
  const root = await Promise.all(signers.map((signer) => signer.publicKey()));
  await folder.propose(firstKeyring({ root }, {}), signers);
  invocation.terminal.say(
    `There was no keyring yet: ${folder.file(1)} now trusts ${signers.length === 1 ? 'this key' : 'these keys'} for every role.`,
  );
  return folder.mustNewest();
}

function versionOf(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new UsageError(`--diff-from "${text}" must be a positive whole number`);
  return Number(text);
}

function severityOf(text: string): Severity {
  if (text !== 'normal' && text !== 'critical')
    throw new UsageError(`--severity must be normal or critical, not "${text}"`);
  return text;
}

function checkedNotes(file: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new RippleError('InvalidArgument', `cannot read the notes ${file}: ${reasonOf(error)}`);
  }
  let languages: readonly string[];
  try {
    languages = Object.keys(readNotes(bytes));
  } catch {
    languages = [];
  }
  if (languages.length === 0)
    throw new RippleError(
      'InvalidArgument',
      `${file}: no notes in it; it should look like {"en": {"child": "…", "teacher": "…"}} and have at most ${MAX_NOTES_BYTES} bytes`,
    );
  return bytes;
}

/** A link to a tree is meant as the tree; what is not there is publish's to say. */
function followed(tree: string): string {
  try {
    return realpathSync(tree);
  } catch {
    return tree;
  }
}
