/**
 * The framing of OpenPGP messages (RFC 9580 sections 4.2 and 10.3): which bytes were signed, and the signature packets
 * over them. It knows nothing of keys. Bounded in size, depth (one level of compression) and count, without streams.
 */
import { inflateRawSync, inflateSync } from 'node:zlib';
import { SignatureError } from '../core/signature-error.ts';

export interface SignedMessage {
  readonly payload: Uint8Array;
  readonly signatures: readonly FramedSignature[];
}

export interface FramedSignature {
  /** Body of a version 4 signature packet over binary data. */
  readonly body: Uint8Array;
  /** Key ID in its one-pass packet, lower-case hex; absent in the older form without one. */
  readonly announcedKeyId?: string;
}

/** Most signatures one document may carry. */
export const MAX_SIGNATURES = 32;

const TAG = { signature: 2, onePass: 4, compressed: 8, marker: 10, literal: 11 } as const;

interface Packet {
  readonly tag: number;
  readonly body: Uint8Array;
}

/**
 * Takes a binary signed message apart, as this project or `gpg --sign` makes it.
 * @param maxBytes bound of the message and of what it unpacks to
 * @throws SignatureError('malformed')
 */
export function readSignedMessage(bytes: Uint8Array, maxBytes: number): SignedMessage {
  if (bytes.length > maxBytes) throw malformed(`${bytes.length} bytes, at most ${maxBytes} are allowed`);
  let packets = withoutMarkers(splitPackets(bytes));
  const [first] = packets;
  if (first?.tag === TAG.compressed && packets.length === 1)
    packets = withoutMarkers(splitPackets(decompress(first.body, maxBytes)));

  const at = packets.findIndex((packet) => packet.tag === TAG.literal);
  const literal = packets[at];
  if (literal === undefined) throw malformed('holds no signed content');
  const before = packets.slice(0, at);
  const after = packets.slice(at + 1);
  const onePass = before.filter((packet) => packet.tag === TAG.onePass);
  const older = before.filter((packet) => packet.tag === TAG.signature);
  if (onePass.length + older.length !== before.length || after.some((packet) => packet.tag !== TAG.signature))
    throw malformed('holds packets that have no place in a signed message');
  if (onePass.length !== after.length) throw malformed('one-pass packets and signatures do not pair up');

  // The innermost (last) one-pass packet belongs to the first signature after the content.
  onePass.reverse();
  const paired = after.map((packet, i) => pair(onePass[i], packet.body, i === 0));
  return {
    payload: literalContent(literal.body),
    signatures: [...older.map((packet) => ({ body: packet.body })), ...paired],
  };
}

/** One-pass packets, the content without name or date, the signatures: no compression, so that it is short to check. */
export function writeSignedMessage(payload: Uint8Array, signatures: readonly Required<FramedSignature>[]): Uint8Array {
  const onePass = signatures.map(({ body, announcedKeyId }, i) => {
    const [, type = 0, publicKeyAlgorithm = 0, hashAlgorithm = 0] = body;
    const keyId = Buffer.from(announcedKeyId, 'hex');
    return frame(TAG.onePass, Buffer.from([3, type, hashAlgorithm, publicKeyAlgorithm, ...keyId, i === 0 ? 1 : 0]));
  });
  return Buffer.concat([
    ...onePass.reverse(),
    frame(TAG.literal, Buffer.concat([Buffer.from('b\0\0\0\0\0', 'latin1'), payload])),
    ...signatures.map(({ body }) => frame(TAG.signature, body)),
  ]);
}

/** Bodies of the signature packets in a detached signature. */
export function readSignaturePackets(bytes: Uint8Array): readonly Uint8Array[] {
  return splitPackets(bytes).flatMap((packet) => (packet.tag === TAG.signature ? [packet.body] : []));
}

/** A signature packet with its header. */
export function frameSignature(body: Uint8Array): Uint8Array {
  return frame(TAG.signature, body);
}

function frame(tag: number, body: Uint8Array): Uint8Array {
  const { length } = body;
  const rest = length - 192;
  const header =
    length < 192
      ? [length]
      : length < 8384
        ? [(rest >> 8) + 192, rest & 0xff]
        : [0xff, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([0xc0 | tag, ...header]), body]);
}

function pair(onePass: Packet | undefined, body: Uint8Array, innermost: boolean): FramedSignature {
  const [version, type, hashAlgorithm, publicKeyAlgorithm] = onePass?.body ?? [];
  if (onePass?.body.length !== 13 || version !== 3) throw malformed('has an unknown kind of one-pass packet');
  if (type !== body[1] || publicKeyAlgorithm !== body[2] || hashAlgorithm !== body[3])
    throw malformed('a one-pass packet does not fit its signature');
  if (onePass.body[12] !== (innermost ? 1 : 0)) throw malformed('one-pass packets are nested wrongly');
  return { body, announcedKeyId: Buffer.from(onePass.body.subarray(4, 12)).toString('hex') };
}

/** Format octet, name and date come before the content; they are not covered by signatures and so are not used. */
function literalContent(body: Uint8Array): Uint8Array {
  const [format, nameLength] = body;
  if (format !== 0x62) throw malformed('the content is not in binary form');
  const start = 2 + (nameLength ?? 0) + 4;
  if (nameLength === undefined || start > body.length) throw malformed('the content is cut off');
  return body.subarray(start);
}

function decompress(body: Uint8Array, maxOutputLength: number): Uint8Array {
  const data = body.subarray(1);
  try {
    if (body[0] === 0) return data;
    if (body[0] === 1) return inflateRawSync(data, { maxOutputLength });
    if (body[0] === 2) return inflateSync(data, { maxOutputLength });
  } catch (cause) {
    throw new SignatureError('malformed', `document: does not unpack to at most ${maxOutputLength} bytes`, { cause });
  }
  throw malformed(`unknown compression ${body[0]}; sign with gpg --compress-algo zip`);
}

function withoutMarkers(packets: readonly Packet[]): readonly Packet[] {
  return packets.filter((packet) => packet.tag !== TAG.marker);
}

function splitPackets(bytes: Uint8Array): readonly Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.length; ) {
    // One-pass, content and signatures, and a marker or two.
    if (packets.length > 2 * MAX_SIGNATURES + 4) throw malformed('holds too many packets');
    const { packet, end } = readPacket(bytes, at);
    packets.push(packet);
    at = end;
  }
  return packets;
}

/** RFC 9580 sections 4.2.1 (new headers) and 4.2.2 (old headers). */
function readPacket(bytes: Uint8Array, start: number): { readonly packet: Packet; readonly end: number } {
  const first = octet(bytes, start);
  if ((first & 0x80) === 0) throw malformed('is not a binary OpenPGP message');
  if ((first & 0x40) !== 0) return readNewPacket(bytes, start + 1, first & 0x3f);
  const tag = (first >> 2) & 0x0f;
  const lengthOctets = [1, 2, 4, 0][first & 3] ?? 0;
  const at = start + 1 + lengthOctets;
  // Old headers may leave the length of the last packet open.
  const length = lengthOctets === 0 ? bytes.length - at : bigEndian(bytes, start + 1, lengthOctets);
  return { packet: { tag, body: slice(bytes, at, length) }, end: at + length };
}

function readNewPacket(
  bytes: Uint8Array,
  start: number,
  tag: number,
): { readonly packet: Packet; readonly end: number } {
  const parts: Uint8Array[] = [];
  for (let at = start; ; ) {
    const first = octet(bytes, at);
    const partial = first >= 224 && first < 255;
    const headerOctets = first < 192 || partial ? 1 : first < 224 ? 2 : 5;
    const length = partial
      ? 2 ** (first & 0x1f)
      : first < 192
        ? first
        : first < 224
          ? ((first - 192) << 8) + octet(bytes, at + 1) + 192
          : bigEndian(bytes, at + 1, 4);
    at += headerOctets;
    parts.push(slice(bytes, at, length));
    at += length;
    if (!partial) return { packet: { tag, body: Buffer.concat(parts) }, end: at };
  }
}

function slice(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (start + length > bytes.length) throw malformed('is cut off');
  return bytes.subarray(start, start + length);
}

function octet(bytes: Uint8Array, at: number): number {
  const value = bytes[at];
  if (value === undefined) throw malformed('is cut off');
  return value;
}

function bigEndian(bytes: Uint8Array, at: number, octets: number): number {
  let value = 0;
  for (let i = 0; i < octets; i += 1) value = value * 256 + octet(bytes, at + i);
  return value;
}

function malformed(problem: string): SignatureError {
  return new SignatureError('malformed', `document: ${problem}`);
}
