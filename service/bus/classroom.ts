/** The Classroom interface: who is in the class and how far, and orders for all of it. */
import type { Answer, IncomingCall } from '../../dbus/connection.ts';
import { standardError } from '../../dbus/error.ts';
import { isBodyOf, signatureOf } from '../../dbus/typed.ts';
import { CLASSROOM, CLASSROOM_INTERFACE, type ClassroomProperties } from '../api/description.ts';
import type { Classroom } from '../core/classroom.ts';
import { checkedBody } from './checked-body.ts';
import type { Served } from './dispatcher.ts';
import { asVariants, encodeLaptop } from './encode.ts';
import type { Gate } from './gate.ts';

/** A signed order, with room for several signatures. */
const MAX_ORDER_BYTES = 64 * 1024;

function encode(classroom: Classroom): ClassroomProperties {
  return { Laptops: classroom.laptops().map(encodeLaptop) };
}

export function servedClassroom(classroom: Classroom, gate: Gate): Served {
  return {
    description: CLASSROOM,
    properties: () => asVariants(CLASSROOM, encode(classroom)),
    answer: (call) => answer(call, classroom, gate),
  };
}

async function answer(call: IncomingCall, classroom: Classroom, gate: Gate): Promise<Answer> {
  if (call.member !== 'PublishOrder')
    throw standardError('UnknownMethod', `${CLASSROOM_INTERFACE} has no method ${call.member}`);
  const { in: args, action } = CLASSROOM.methods.PublishOrder;
  const body = checkedBody(call, signatureOf(args), MAX_ORDER_BYTES);
  if (!isBodyOf<typeof args>(args, call.signature, body))
    throw standardError('InvalidArgs', `${call.member}: wrong arguments`);
  await gate.pass(call, action, () => () => classroom.publishOrder(body[0]));
  return { signature: '', body: [] };
}
