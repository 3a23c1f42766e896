/** Keys, a keyring and two published versions, in one folder. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import { firstKeyring } from '../publish/keyring-edit.ts';
import { KeyringFolder } from '../publish/keyring-folder.ts';
import { publish } from '../publish/publish.ts';
import { signDocument } from '../sign/document.ts';
import { generateSigningKey, Signer } from '../sign/signer.ts';
import { Repository } from '../store/repository.ts';
import { SAMPLE_NOTES } from './notes.ts';
import { makeSampleTree, updateSampleTree } from './sample-tree.ts';

export interface SampleOptions {
  readonly folder: string;
  readonly image: string;
  readonly versions: readonly [number, number];
  /** The user's own trees, older first. */
  readonly trees?: readonly [string, string];
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface SamplePublication {
  readonly repository: string;
  readonly trees: readonly [string, string];
}

export async function publishSample(options: SampleOptions): Promise<SamplePublication> {
  const { folder, image, versions, say, signal } = options;
  const trees = options.trees ?? sampleTrees(folder, versions, say);
  const repository = join(folder, 'repository');
  mkdirSync(repository, { recursive: true });
  const key = await generateSigningKey({ name: 'Ripple demo' });
  const signer = await Signer.read('the demo key', key.privateKey);
  await new KeyringFolder(repository).propose(firstKeyring({ root: [await signer.publicKey()] }, {}), [signer]);
  const notes = Buffer.from(JSON.stringify(SAMPLE_NOTES));
  for (const [index, tree] of trees.entries()) {
    const version = versions[index === 0 ? 0 : 1];
    say(`Publishing ${tree} as version ${version}`);
    const sign = (payload: Uint8Array): Promise<Uint8Array> => signDocument(payload, [signer]);
    await publish({
      tree,
      repository: new Repository(repository),
      image,
      version,
      severity: 'normal',
      sign,
      signLatest: sign,
      signal,
      ...(index === 1 ? { notes } : {}),
    });
  }
  return { repository, trees };
}

function sampleTrees(
  folder: string,
  [older, newer]: readonly [number, number],
  say: (line: string) => void,
): readonly [string, string] {
  const first = join(folder, `tree-${older}`);
  const second = join(folder, `tree-${newer}`);
  say("Making a sample image of this machine's own files");
  makeSampleTree(first, older);
  // cp keeps times to the nanosecond, which Node's own copy does not.
  const copied = spawnSync('cp', ['-a', first, second], { encoding: 'utf8' });
  if (copied.status !== 0) throw new RippleError('IoError', `cannot copy ${first}: ${copied.stderr.trim()}`);
  updateSampleTree(second, newer);
  return [first, second];
}
