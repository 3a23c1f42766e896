/** The description as introspection XML. Format: D-Bus specification, "Introspection Data Format". */
import type { ArgumentDescription, InterfaceDescription } from './description.ts';

const DOCTYPE = `<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
`;

/** The whole document of one object: its interfaces, as `interfaceXml` makes them, and the names of its children. */
export function nodeXml(interfaces: readonly string[], children: readonly string[] = []): string {
  const nodes = children.map((name) => `  <node name="${attribute(name)}"/>\n`);
  return `${DOCTYPE}<node>\n${[...interfaces, ...nodes].join('')}</node>\n`;
}

/** One `<interface>` element, indented by two, each member with its documentation as an annotation. */
export function interfaceXml(description: InterfaceDescription): string {
  const lines = [`<interface name="${attribute(description.name)}">`];
  for (const [name, { signature, doc }] of Object.entries(description.properties))
    lines.push(
      `  <property name="${attribute(name)}" type="${signature}" access="read">`,
      ...docLines(doc),
      '  </property>',
    );
  for (const [name, method] of Object.entries(description.methods))
    lines.push(
      `  <method name="${attribute(name)}">`,
      ...method.in.map((arg) => argument(arg, 'in')),
      ...method.out.map((arg) => argument(arg, 'out')),
      ...docLines(method.doc),
      '  </method>',
    );
  for (const [name, { args, doc }] of Object.entries(description.signals))
    lines.push(
      `  <signal name="${attribute(name)}">`,
      ...args.map((arg) => argument(arg)),
      ...docLines(doc),
      '  </signal>',
    );
  lines.push('</interface>');
  return lines.map((line) => `  ${line}\n`).join('');
}

function argument({ name, signature }: ArgumentDescription, direction?: 'in' | 'out'): string {
  const way = direction ? ` direction="${direction}"` : '';
  return `    <arg name="${attribute(name)}" type="${signature}"${way}/>`;
}

function docLines(doc: string): readonly string[] {
  return doc === '' ? [] : [`    <annotation name="org.gtk.GDBus.DocString" value="${attribute(doc)}"/>`];
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
