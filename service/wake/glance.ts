/** What can be said of a packet before any signature is checked: cheap, and enough to drop what is of no use. */
import { WAKE_MAX_BYTES } from '../core/wake-rules.ts';
import { parseRelease, type Release } from '../image/documents.ts';
import { readSignedMessage } from '../sign/packets.ts';

/** A one-pass packet (RFC 9580, 4.2), as `writeSignedMessage` begins: nothing is unpacked for a stranger. */
const MAGIC = 0xc4;

/** The release that the packet claims to be; `undefined`: it cannot be one. Nothing of it may be used before it verified. */
export function glance(bytes: Uint8Array): Release | undefined {
  if (bytes.length > WAKE_MAX_BYTES || bytes[0] !== MAGIC) return undefined;
  try {
    return parseRelease(readSignedMessage(bytes, WAKE_MAX_BYTES).payload);
  } catch {
    return undefined;
  }
}
