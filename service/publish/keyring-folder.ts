/** The `keyring/` folder of a repository: a chain of verified keyrings, and at most one that waits for signatures. */
import { link, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RippleError } from '../api/errors.ts';
import { inFile, SignatureError } from '../core/signature-error.ts';
import { formatKeyring, type Keyring, MAX_KEYRING_BYTES } from '../image/documents.ts';
import { addSignatures, signDocument } from '../sign/document.ts';
import type { Signer } from '../sign/signer.ts';
import { Verifier } from '../sign/verifier.ts';
import { makeFolder } from '../sys/durable.ts';

/** What a change came to. */
export type KeyringOutcome =
  | { readonly state: 'published'; readonly version: number; readonly file: string }
  /** Kept aside until others signed too: `missing` says who must. */
  | { readonly state: 'pending'; readonly version: number; readonly file: string; readonly missing: string };

export class KeyringFolder {
  readonly #folder: string;

  constructor(repository: string) {
    this.#folder = join(repository, 'keyring');
  }

  file(version: number): string {
    return join(this.#folder, `${version}.pgp`);
  }

  /** A keyring some of whose signatures are missing. Laptops never ask for a name like this. */
  pendingFile(version: number): string {
    return join(this.#folder, `${version}.pgp.pending`);
  }

  /** Judges by the newest keyring, having walked the whole chain as a laptop would; `undefined` when there is none. */
  async newest(): Promise<Verifier | undefined> {
    const first = await this.#read(this.file(1));
    if (first === undefined) return undefined;
    let file = this.file(1);
    try {
      const verifier = await Verifier.fromInstalled(first, 0);
      for (const version of await this.#laterVersions()) {
        file = this.file(version);
        await verifier.advance(await this.#mustRead(version));
      }
      return verifier;
    } catch (error) {
      throw inFile(file, error);
    }
  }

  async mustNewest(): Promise<Verifier> {
    const verifier = await this.newest();
    if (verifier === undefined)
      throw new RippleError('InvalidArgument', `there is no keyring ${this.file(1)}; make it: ripple keyring init`);
    return verifier;
  }

  /** The keyring that waits for signatures, if any. */
  async pending(): Promise<{ readonly version: number; readonly bytes: Uint8Array } | undefined> {
    const version = ((await this.newest())?.keyringVersion ?? 0) + 1;
    const bytes = await this.#read(this.pendingFile(version));
    return bytes && { version, bytes };
  }

  /** Signs a new keyring and publishes it, or keeps it aside while signatures are missing. */
  async propose(keyring: Keyring, signers: readonly Signer[], date: Date = new Date()): Promise<KeyringOutcome> {
    const newest = await this.newest();
    if ((newest?.keyringVersion ?? 0) + 1 !== keyring.version)
      throw new RippleError(
        'InvalidArgument',
        newest
          ? `${this.#folder} has keyring ${newest.keyringVersion} already; change it: ripple keyring add, remove or update`
          : `keyring ${keyring.version} is not the first one of ${this.#folder}`,
      );
    if (await this.#read(this.pendingFile(keyring.version)))
      throw new RippleError(
        'Busy',
        `${this.pendingFile(keyring.version)}: waits for signatures; finish it (ripple keyring sign) or remove it first`,
      );
    return this.#settle(keyring.version, await signDocument(formatKeyring(keyring), signers, date), newest);
  }

  /** Adds signatures to the keyring that waits, and publishes it when they are enough. */
  async sign(signers: readonly Signer[], date: Date = new Date()): Promise<KeyringOutcome> {
    const pending = await this.pending();
    if (pending === undefined)
      throw new RippleError('InvalidArgument', `${this.#folder}: no keyring waits for signatures`);
    const bytes = await addSignatures(pending.bytes, signers, MAX_KEYRING_BYTES, date);
    return this.#settle(pending.version, bytes, await this.newest());
  }

  /** Publishes only what a laptop would accept. */
  async #settle(version: number, bytes: Uint8Array, newest: Verifier | undefined): Promise<KeyringOutcome> {
    const pending = this.pendingFile(version);
    await makeFolder(this.#folder);
    try {
      await (newest ? newest.advance(bytes) : Verifier.fromInstalled(bytes, 0));
    } catch (error) {
      const waits: readonly string[] = ['keyring-chain', 'threshold', 'unknown-key'];
      if (!(error instanceof SignatureError) || !waits.includes(error.reason)) throw error;
      await this.#write(bytes, pending, 'replace');
      return { state: 'pending', version, file: pending, missing: error.message };
    }
    await this.#write(bytes, this.file(version), 'new');
    await unlink(pending).catch((error: unknown) => ignoreMissing(error));
    return { state: 'published', version, file: this.file(version) };
  }

  async #write(bytes: Uint8Array, file: string, how: 'new' | 'replace'): Promise<void> {
    const fresh = `${file}.new`;
    const handle = await open(fresh, 'w', 0o644);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A keyring that is out must never change: `link` refuses to replace.
    if (how === 'replace') return rename(fresh, file);
    await link(fresh, file);
    await unlink(fresh);
  }

  async #laterVersions(): Promise<readonly number[]> {
    const names = await readdir(this.#folder);
    const versions = names.flatMap((name) => {
      const match = /^([1-9][0-9]{0,8})\.pgp$/.exec(name);
      return match?.[1] === undefined ? [] : [Number(match[1])];
    });
    return versions.filter((version) => version > 1).sort((a, b) => a - b);
  }

  async #mustRead(version: number): Promise<Uint8Array> {
    const bytes = await this.#read(this.file(version));
    if (bytes === undefined) throw new RippleError('IoError', `${this.file(version)}: went away while it was read`);
    return bytes;
  }

  async #read(file: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(file);
    } catch (error) {
      return ignoreMissing(error);
    }
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
