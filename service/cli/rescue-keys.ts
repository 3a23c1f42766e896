/**
 * The keys of a keyring as gpgv(1) wants them: for the rescue in the initramfs, which shares no code with the daemon. Of
 * the roles it needs only: who says which version is newest, and what a version is.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError, reasonOf } from '../api/errors.ts';
import { inFile } from '../core/signature-error.ts';
import { type Keyring, MAX_KEYRING_BYTES, parseKeyring } from '../image/documents.ts';
import { readSignedMessage } from '../sign/packets.ts';

const ROLES = ['release', 'latest'] as const;

/**
 * Writes `ROLE.gpg` (binary public keys, one after the other) and `ROLE.threshold` into `folder`. Answers their names.
 * @throws RippleError when `file` is no keyring
 */
export function writeRescueKeys(file: string, folder: string): string[] {
  const keyring = readKeyringFile(file);
  mkdirSync(folder, { recursive: true });
  return ROLES.flatMap((role) => {
    const { keys, threshold } = keyring.roles[role];
    const [keysFile, thresholdFile] = [`${role}.gpg`, `${role}.threshold`];
    writeFileSync(join(folder, keysFile), Buffer.concat(keys.map(withoutArmor)));
    writeFileSync(join(folder, thresholdFile), `${threshold}\n`);
    return [keysFile, thresholdFile];
  });
}

function readKeyringFile(file: string): Keyring {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new RippleError('InvalidArgument', `cannot read the keyring ${file}: ${reasonOf(error)}`);
  }
  try {
    return parseKeyring(readSignedMessage(bytes, MAX_KEYRING_BYTES).payload);
  } catch (error) {
    throw inFile(file, error);
  }
}

/** The bytes of an ASCII-armored block (RFC 9580, 6.2); its checksum is left alone, for whoever reads the keys checks them. */
function withoutArmor(text: string): Buffer {
  const body =
    /^-----BEGIN [^\n]*-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n([A-Za-z0-9+/=\r\n]*?)(?:\r?\n=[A-Za-z0-9+/]{4})?\r?\n-----END /m.exec(
      text,
    )?.[1];
  if (body === undefined) throw new RippleError('InvalidArgument', 'a key of the keyring is not armored');
  return Buffer.from(body, 'base64');
}
