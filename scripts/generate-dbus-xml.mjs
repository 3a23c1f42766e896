// Writes assets/dbus/org.laptop.Ripple1.xml from the description. Run after `npm run build` when the interface changed;
// a test compares the file with the description and with the live introspection.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLASSROOM, UPDATER } from '../build/service/api/description.js';
import { interfaceXml, nodeXml } from '../build/service/api/xml.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
writeFileSync(
  join(root, 'assets/dbus/org.laptop.Ripple1.xml'),
  nodeXml([interfaceXml(UPDATER), interfaceXml(CLASSROOM)]),
);
