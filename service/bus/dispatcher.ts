/** Which object and which interface a call is for. What is not there gets the standard error that says so. */
import type { Answer, Dispatcher, IncomingCall } from '../../dbus/connection.ts';
import { standardError } from '../../dbus/error.ts';
import { OBJECT_PATH, type Properties, UPDATER, UPDATER_INTERFACE } from '../api/description.ts';
import { interfaceXml, nodeXml } from '../api/xml.ts';
import { isPropertyName, propertyNames, propertyVariant } from './encode.ts';
import {
  COMMON_XML,
  INTROSPECTABLE,
  machineId,
  PEER,
  PROPERTIES,
  STANDARD_METHODS,
  WITH_PROPERTIES_XML,
} from './standard-interfaces.ts';
import { checkedBody, type UpdaterCalls } from './updater-calls.ts';

const NOTHING: Answer = { signature: '', body: [] };

export function updaterDispatcher(calls: UpdaterCalls, properties: () => Properties): Dispatcher {
  return (call) => {
    if (call.path === OBJECT_PATH) return answerObject(call, calls, properties);
    const child = childOnTheWay(call.path);
    return child === undefined ? undefined : answerOnTheWay(call, child);
  };
}

async function answerObject(call: IncomingCall, calls: UpdaterCalls, properties: () => Properties): Promise<Answer> {
  const iface = call.interface ?? interfaceOf(call.member);
  if (iface === UPDATER_INTERFACE) return calls.answer(call);
  const body = standardBody(call, iface);
  switch (iface) {
    case PROPERTIES:
      return answerProperties(call.member, body, properties);
    case PEER:
      return answerPeer(call.member);
    default:
      return text(nodeXml([...WITH_PROPERTIES_XML, interfaceXml(UPDATER)]));
  }
}

/** `/`, `/org` and `/org/laptop` exist so that tools find the way. */
async function answerOnTheWay(call: IncomingCall, child: string): Promise<Answer> {
  const iface = call.interface ?? interfaceOf(call.member);
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
function interfaceOf(member: string): string {
  const standard = Object.entries(STANDARD_METHODS).find(([, methods]) => Object.hasOwn(methods, member));
  return standard?.[0] ?? UPDATER_INTERFACE;
}

function standardBody(call: IncomingCall, iface: string): readonly unknown[] {
  const methods = Object.hasOwn(STANDARD_METHODS, iface) ? STANDARD_METHODS[iface] : undefined;
  if (!methods) throw standardError('UnknownInterface', `no interface ${iface} at ${call.path}`);
  const signature = Object.hasOwn(methods, call.member) ? methods[call.member] : undefined;
  if (signature === undefined) throw standardError('UnknownMethod', `${iface} has no method ${call.member}`);
  return checkedBody(call, signature);
}

function answerProperties(member: string, [iface, name]: readonly unknown[], properties: () => Properties): Answer {
  const ours = iface === UPDATER_INTERFACE;
  if (member === 'GetAll') {
    if (!ours && !Object.hasOwn(STANDARD_METHODS, String(iface)))
      throw standardError('UnknownInterface', `no interface ${iface} at ${OBJECT_PATH}`);
    const values = ours ? properties() : undefined;
    const all = values ? propertyNames().map((one) => [one, propertyVariant(one, values)]) : [];
    return { signature: 'a{sv}', body: [Object.fromEntries(all)] };
  }
  if (!ours || typeof name !== 'string' || !isPropertyName(name))
    throw standardError('UnknownProperty', `${iface} has no property ${name}`);
  if (member === 'Set') throw standardError('PropertyReadOnly', `${name} can only be read`);
  return { signature: 'v', body: [propertyVariant(name, properties())] };
}

async function answerPeer(member: string): Promise<Answer> {
  return member === 'Ping' ? NOTHING : text(await machineId());
}

function text(value: string): Answer {
  return { signature: 's', body: [value] };
}
