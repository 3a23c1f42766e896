/** Which object and which interface a call is for. What is not there gets the standard error that says so. */
import type { Answer, Dispatcher, IncomingCall } from '../../dbus/connection.ts';
import { standardError } from '../../dbus/error.ts';
import { type InterfaceDescription, OBJECT_PATH, type Variant } from '../api/description.ts';
import { interfaceXml, nodeXml } from '../api/xml.ts';
import { checkedBody } from './checked-body.ts';
import {
  COMMON_XML,
  INTROSPECTABLE,
  machineId,
  PEER,
  PROPERTIES,
  STANDARD_METHODS,
  WITH_PROPERTIES_XML,
} from './standard-interfaces.ts';

/** One interface of our object. */
export interface Served {
  readonly description: InterfaceDescription;
  /** By name, as `asVariants` makes them. */
  properties(): Readonly<Record<string, Variant>>;
  /** Rejects with `BusError` only. */
  answer(call: IncomingCall): Promise<Answer>;
}

const NOTHING: Answer = { signature: '', body: [] };

/** @param served the interfaces of our object at this moment; the first is meant where a call names none */
export function objectDispatcher(served: () => readonly Served[]): Dispatcher {
  return (call) => {
    if (call.path === OBJECT_PATH) return answerObject(call, served());
    const child = childOnTheWay(call.path);
    return child === undefined ? undefined : answerOnTheWay(call, child);
  };
}

async function answerObject(call: IncomingCall, served: readonly Served[]): Promise<Answer> {
  const name = call.interface ?? interfaceOf(call.member, served);
  const ours = served.find(({ description }) => description.name === name);
  if (ours) return ours.answer(call);
  const body = standardBody(call, name);
  switch (name) {
    case PROPERTIES:
      return answerProperties(call.member, body, served);
    case PEER:
      return answerPeer(call.member);
    default:
      return text(nodeXml([...WITH_PROPERTIES_XML, ...served.map(({ description }) => interfaceXml(description))]));
  }
}

/** `/`, `/org` and `/org/laptop` exist so that tools find the way. */
async function answerOnTheWay(call: IncomingCall, child: string): Promise<Answer> {
  const iface = call.interface ?? interfaceOf(call.member, []);
  if (iface !== PEER && iface !== INTROSPECTABLE)
    throw standardError('UnknownObject', `no object with interface ${iface} at ${call.path}; try ${OBJECT_PATH}`);
  standardBody(call, iface);
  return iface === PEER ? answerPeer(call.member) : text(nodeXml(COMMON_XML, [child]));
}

function childOnTheWay(path: string): string | undefined {
  const folder = path === '/' ? path : `${path}/`;
  return OBJECT_PATH.startsWith(folder) ? OBJECT_PATH.slice(folder.length).split('/')[0] : undefined;
}

/** A call may leave its interface out; then the first one that has the member is meant. */
function interfaceOf(member: string, served: readonly Served[]): string {
  const standard = Object.entries(STANDARD_METHODS).find(([, methods]) => Object.hasOwn(methods, member));
  if (standard) return standard[0];
  const having = served.find(({ description }) => Object.hasOwn(description.methods, member)) ?? served[0];
  return having?.description.name ?? '';
}

function standardBody(call: IncomingCall, iface: string): readonly unknown[] {
  const methods = Object.hasOwn(STANDARD_METHODS, iface) ? STANDARD_METHODS[iface] : undefined;
  if (!methods) throw standardError('UnknownInterface', `no interface ${iface} at ${call.path}`);
  const signature = Object.hasOwn(methods, call.member) ? methods[call.member] : undefined;
  if (signature === undefined) throw standardError('UnknownMethod', `${iface} has no method ${call.member}`);
  return checkedBody(call, signature);
}

function answerProperties(member: string, [iface, name]: readonly unknown[], served: readonly Served[]): Answer {
  const ours = served.find(({ description }) => description.name === iface);
  if (member === 'GetAll') {
    if (!ours && !Object.hasOwn(STANDARD_METHODS, String(iface)))
      throw standardError('UnknownInterface', `no interface ${iface} at ${OBJECT_PATH}`);
    return { signature: 'a{sv}', body: [ours?.properties() ?? {}] };
  }
  if (!ours || typeof name !== 'string' || !Object.hasOwn(ours.description.properties, name))
    throw standardError('UnknownProperty', `${iface} has no property ${name}`);
  if (member === 'Set') throw standardError('PropertyReadOnly', `${name} can only be read`);
  return { signature: 'v', body: [ours.properties()[name]] };
}

async function answerPeer(member: string): Promise<Answer> {
  return member === 'Ping' ? NOTHING : text(await machineId());
}

function text(value: string): Answer {
  return { signature: 's', body: [value] };
}
