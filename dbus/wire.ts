/**
 * Bytes ↔ messages, on the codec and the handshake of dbus-next. The only file that imports that package, and only
 * these parts: its connection and message bus hang when the bus goes away, send stacks to callers, build dictionaries in
 * which a key `__proto__` does harm, and throw out of the socket's event for a body they cannot read, which any
 * local user could send.
 *
 * Values: `s o g` string, `b` boolean, `y n q i u d` number, `x t` bigint, `ay` Buffer, other arrays and structs
 * arrays, dictionaries objects without a prototype, `v` a `{signature, value}`.
 * Format: D-Bus specification, "Message Protocol".
 */
import type { Socket } from 'node:net';
import DBusBuffer from 'dbus-next/lib/dbus-buffer.js';
import handshake from 'dbus-next/lib/handshake.js';
import codec from 'dbus-next/lib/message.js';
import signatures, { type SignatureNode } from 'dbus-next/lib/signature.js';
import { standardError } from './error.ts';

export const MESSAGE_TYPE = { call: 1, reply: 2, error: 3, signal: 4 } as const;
export const MESSAGE_FLAG = { noReplyExpected: 1, noAutoStart: 2, allowInteraction: 4 } as const;

/** A value inside a variant, with its signature: one complete type. */
export interface WireVariant {
  readonly signature: string;
  readonly value: unknown;
}

export interface MessageHeader {
  readonly type: number;
  readonly flags: number;
  readonly serial: number;
  readonly path?: string | undefined;
  readonly interface?: string | undefined;
  readonly member?: string | undefined;
  readonly errorName?: string | undefined;
  readonly replySerial?: number | undefined;
  readonly destination?: string | undefined;
  readonly sender?: string | undefined;
  readonly signature?: string | undefined;
}

/** A message that came. The body is decoded only when asked for, so that whoever refuses it by its header need not. */
export interface IncomingMessage extends MessageHeader {
  readonly signature: string;
  readonly bodyBytes: number;
  /** Throws `BusError` InvalidArgs when the body cannot be read. */
  body(): readonly unknown[];
}

/** Proves who we are by the socket's credentials (EXTERNAL); rejects when the bus refuses. */
export function authenticate(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    handshake(socket, { authMethods: ['EXTERNAL'] }, (error) => {
      if (error) reject(standardError('AuthFailed', 'the bus does not accept who we are'));
      else resolve();
    });
  });
}

/** The bytes of a message. Throws `TypeError` when the body is not what the signature says. */
export function encodeMessage(header: MessageHeader, body: readonly unknown[]): Buffer {
  const nodes = signatures.parseSignature(header.signature ?? '');
  if (nodes.length !== body.length)
    throw new TypeError(
      `${nodes.length} values for signature "${header.signature ?? ''}" expected, got ${body.length}`,
    );
  return codec.marshall({ ...header, body: nodes.map((node, i) => toCodec(node, body[i])) })[0];
}

function wrong(node: SignatureNode, value: unknown): TypeError {
  return new TypeError(`${signatures.collapseSignature(node)} expected, got ${value === null ? 'null' : typeof value}`);
}

export function isWireVariant(value: unknown): value is WireVariant {
  return (
    typeof value === 'object' &&
    value !== null &&
    'signature' in value &&
    typeof value.signature === 'string' &&
    'value' in value
  );
}

/** Our value → the codec's: dictionaries as pairs, variants as `[signature, value]`. */
function toCodec(node: SignatureNode, value: unknown): unknown {
  const [child, second] = node.child;
  switch (node.type) {
    case 's':
    case 'o':
    case 'g':
      if (typeof value !== 'string') throw wrong(node, value);
      return value;
    case 'b':
      if (typeof value !== 'boolean') throw wrong(node, value);
      return value;
    case 'x':
    case 't':
      if (typeof value !== 'bigint') throw wrong(node, value);
      return value;
    case 'y':
    case 'n':
    case 'q':
    case 'i':
    case 'u':
    case 'd':
      if (typeof value !== 'number') throw wrong(node, value);
      return value;
    case 'v': {
      if (!isWireVariant(value)) throw wrong(node, value);
      const [inner, more] = signatures.parseSignature(value.signature);
      if (!inner || more) throw new TypeError(`"${value.signature}" is not one complete type`);
      return [value.signature, toCodec(inner, value.value)];
    }
    case '(':
      if (!Array.isArray(value) || value.length !== node.child.length) throw wrong(node, value);
      return node.child.map((member, i) => toCodec(member, value[i]));
    case 'a':
      if (child?.type === 'y' && value instanceof Uint8Array) return value;
      if (child?.type === '{') {
        const [key, member] = child.child;
        if (!key || !member || typeof value !== 'object' || value === null || Array.isArray(value))
          throw wrong(node, value);
        return Object.entries(value).map(([k, v]) => [toCodec(key, k), toCodec(member, v)]);
      }
      if (!child || second || !Array.isArray(value)) throw wrong(node, value);
      return value.map((element) => toCodec(child, element));
    default:
      throw new TypeError(`values of type "${node.type}" are not sent`);
  }
}

const HEADER_BYTES = 16;
/** The specification's limit: no bus lets a caller send more, so that nobody can end the connection with a big message. */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;
const HEADER_FIELD = signatures.parseSignature('(yv)')[0];
const LITTLE_ENDIAN = 'l'.charCodeAt(0);

/** Takes whole messages out of a stream of bytes. `next` throws when the bytes are no D-Bus messages. */
export class MessageReader {
  readonly #socket: Socket;
  #start: Buffer | undefined;
  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The next whole message, `undefined` until more bytes came. */
  next(): IncomingMessage | undefined {
    this.#start ??= this.#read(HEADER_BYTES);
    const start = this.#start;
    if (!start) return undefined;
    const little = start[0] === LITTLE_ENDIAN;
    const bodyBytes = little ? start.readUInt32LE(4) : start.readUInt32BE(4);
    const fieldBytes = little ? start.readUInt32LE(12) : start.readUInt32BE(12);
    const restBytes = Math.ceil(fieldBytes / 8) * 8 + bodyBytes;
    if (restBytes > MAX_MESSAGE_BYTES) throw new Error(`a message of ${restBytes} bytes`);
    const rest = restBytes === 0 ? Buffer.alloc(0) : this.#read(restBytes);
    if (!rest) return undefined;
    this.#start = undefined;
    return decodeMessage(start, rest, fieldBytes, bodyBytes);
  }

  #read(bytes: number): Buffer | undefined {
    const got: unknown = this.#socket.read(bytes);
    // At the end of the stream `read` gives what is left, however little.
    return Buffer.isBuffer(got) && got.length === bytes ? got : undefined;
  }
}

function decodeMessage(start: Buffer, rest: Buffer, fieldBytes: number, bodyBytes: number): IncomingMessage {
  const endian = start.readUInt8(0);
  if (!HEADER_FIELD) throw new Error('unreachable: the codec did not parse (yv)');
  const reader = new DBusBuffer(rest, 0, endian, undefined, {});
  const fields = new Map<number, unknown>();
  for (const pair of reader.readArray(HEADER_FIELD, fieldBytes)) {
    const field = fromCodec(HEADER_FIELD, pair);
    if (Array.isArray(field) && typeof field[0] === 'number' && isWireVariant(field[1]))
      fields.set(field[0], field[1].value);
  }
  const text = (code: number): string | undefined => {
    const value = fields.get(code);
    return typeof value === 'string' ? value : undefined;
  };
  const replySerial = fields.get(5);
  const signature = text(8) ?? '';
  const bodyStart = Math.ceil(fieldBytes / 8) * 8;
  const little = endian === LITTLE_ENDIAN;
  return {
    type: start.readUInt8(1),
    flags: start.readUInt8(2),
    serial: little ? start.readUInt32LE(8) : start.readUInt32BE(8),
    path: text(1),
    interface: text(2),
    member: text(3),
    errorName: text(4),
    replySerial: typeof replySerial === 'number' ? replySerial : undefined,
    destination: text(6),
    sender: text(7),
    signature,
    bodyBytes,
    body: () => decodeBody(signature, rest.subarray(bodyStart), endian),
  };
}

function decodeBody(signature: string, bytes: Buffer, endian: number): readonly unknown[] {
  try {
    const values = new DBusBuffer(bytes, 0, endian, undefined, {}).read(signature);
    return signatures.parseSignature(signature).map((node, i) => fromCodec(node, values[i]));
  } catch {
    throw standardError('InvalidArgs', `the body of signature "${signature}" cannot be read`);
  }
}

/** The codec's value → ours. The codec gives a variant as `[types, [value]]`. */
function fromCodec(node: SignatureNode, value: unknown): unknown {
  const [child] = node.child;
  if (node.type === 'v') {
    if (!Array.isArray(value) || !Array.isArray(value[0]) || !Array.isArray(value[1])) throw wrong(node, value);
    const inner: SignatureNode = value[0][0];
    return { signature: signatures.collapseSignature(inner), value: fromCodec(inner, value[1][0]) };
  }
  if (!Array.isArray(value)) return value;
  if (node.type === '(') return node.child.map((member, i) => fromCodec(member, value[i]));
  if (child?.type !== '{') return child ? value.map((element) => fromCodec(child, element)) : value;
  const [, member] = child.child;
  const dictionary: Record<string, unknown> = Object.create(null);
  for (const [k, v] of value) dictionary[String(k)] = member ? fromCodec(member, v) : v;
  return dictionary;
}
