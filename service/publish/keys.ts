/** Key files of a publisher: written once, never over another, and read with errors that say what to do. */
import { type FileHandle, open, readFile, unlink } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { RippleError, reasonOf } from '../api/errors.ts';
import { type GeneratedKey, isPrivateKey, Signer } from '../sign/signer.ts';
import { TrustedKey } from '../sign/trusted-key.ts';

/** Where the public half of the key in `file` is. */
export function publicKeyFile(file: string): string {
  return `${file}.pub`;
}

/**
 * Writes `file` (private, mode 0600) and `file.pub`. Either both are there and on disk afterwards, or none.
 * @throws RippleError('InvalidArgument') when one of them exists: a key is never written over
 */
export async function writeKeyFiles(file: string, key: GeneratedKey): Promise<void> {
  await writeNew(file, key.privateKey, 0o600);
  try {
    await writeNew(publicKeyFile(file), key.publicKey, 0o644);
  } catch (error) {
    await unlink(file);
    throw error;
  }
}

async function writeNew(file: string, text: string, mode: number): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'wx', mode);
  } catch (cause) {
    if (errno(cause) === 'EEXIST')
      throw new RippleError('InvalidArgument', `${file}: exists already and is left alone; choose another name`, {
        cause,
      });
    const why = errno(cause) === 'ENOENT' ? 'its folder is not there' : reasonOf(cause);
    throw new RippleError('IoError', `cannot write ${file}: ${why}`, { cause });
  }
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A private key from a file, our own or exported by gpg, unlocked with `passphrase` where it is locked. */
export async function loadSigner(file: string, passphrase?: string): Promise<Signer> {
  return Signer.read(file, await readKeyFile(file), passphrase);
}

/** The public key in a file that holds it, or of the private key it holds. */
export async function loadPublicKey(file: string): Promise<TrustedKey> {
  return TrustedKey.readEither(file, await readKeyFile(file));
}

export async function holdsPrivateKey(file: string): Promise<boolean> {
  return isPrivateKey(await readKeyFile(file));
}

/** First line of a passphrase file, `-` for the standard input, without the line end. */
export async function readPassphrase(file: string): Promise<string> {
  const bytes = file === '-' ? await buffer(process.stdin) : await readKeyFile(file);
  const [line = ''] = bytes.toString('utf8').split(/\r?\n/, 1);
  if (line === '')
    throw new RippleError('InvalidArgument', `${file}: its first line must be the passphrase, it is empty`);
  return line;
}

async function readKeyFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new RippleError('InvalidArgument', `cannot read ${file}: ${reasonOf(cause)}`, { cause });
  }
}

function errno(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}
