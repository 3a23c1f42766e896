/** Calls that come in: who answers them, and the message that goes back. */
import type { Answer, Dispatcher, IncomingCall } from './call.ts';
import { BusError, standardError } from './error.ts';
import { type IncomingMessage, MESSAGE_FLAG, MESSAGE_TYPE, type MessageHeader } from './wire.ts';

type ReplyHeader = Omit<MessageHeader, 'serial'>;
export interface Reply {
  readonly header: ReplyHeader;
  readonly body: readonly unknown[];
}

/** The reply to a call, an error if need be; `undefined` when the caller wants none. */
export async function answerCall(
  message: IncomingMessage,
  dispatchers: Iterable<Dispatcher>,
): Promise<Reply | undefined> {
  const call = incomingCall(message);
  if (!call) return undefined;
  const header = { flags: MESSAGE_FLAG.noReplyExpected, replySerial: message.serial, destination: call.sender };
  const reply = await dispatch(call, dispatchers).then(
    ({ signature, body }) => ({ header: { ...header, type: MESSAGE_TYPE.reply, signature }, body }),
    (error: unknown) => errorReply({ ...header, type: MESSAGE_TYPE.error }, error),
  );
  return call.noReply ? undefined : reply;
}

/** In place of a reply that could not be sent. */
export function internalError({ flags, replySerial, destination }: ReplyHeader): Reply {
  return errorReply({ flags, replySerial, destination, type: MESSAGE_TYPE.error }, undefined);
}

function incomingCall(message: IncomingMessage): IncomingCall | undefined {
  const { sender, path, interface: iface, member, signature, bodyBytes, flags } = message;
  if (sender === undefined || path === undefined || member === undefined) return undefined;
  return {
    sender,
    path,
    interface: iface,
    member,
    signature,
    bodyBytes,
    body: () => message.body(),
    noReply: (flags & MESSAGE_FLAG.noReplyExpected) !== 0,
    allowInteraction: (flags & MESSAGE_FLAG.allowInteraction) !== 0,
  };
}

async function dispatch(call: IncomingCall, dispatchers: Iterable<Dispatcher>): Promise<Answer> {
  for (const dispatcher of dispatchers) {
    const answer = dispatcher(call);
    if (answer) return answer;
  }
  throw standardError('UnknownObject', `no object ${call.path}`);
}

function errorReply(header: ReplyHeader, error: unknown): Reply {
  const { name, text } = error instanceof BusError ? error : standardError('Failed', 'internal error');
  // A NUL cannot be in a D-Bus string, and a second line is no part of a message.
  const line = (text.split('\n', 1)[0] ?? '').replaceAll('\0', '?');
  return { header: { ...header, errorName: name, signature: 's' }, body: [line] };
}
