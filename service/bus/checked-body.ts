import type { IncomingCall } from '../../dbus/connection.ts';
import { standardError } from '../../dbus/error.ts';

/** A call's arguments are a number and a few options. */
const MAX_BODY_BYTES = 16 * 1024;

/** The body of a call, decoded after its signature and size were found right. Throws `BusError`. */
export function checkedBody(call: IncomingCall, signature: string, maxBytes = MAX_BODY_BYTES): readonly unknown[] {
  if (call.signature !== signature)
    throw standardError('InvalidArgs', `${call.member} takes "${signature}", not "${call.signature}"`);
  if (call.bodyBytes > maxBytes)
    throw standardError('LimitsExceeded', `${call.member}: ${call.bodyBytes} bytes of arguments`);
  return call.body();
}
