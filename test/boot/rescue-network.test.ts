/** The rescue brings its network up by itself: DHCP says where the school server is, and a version comes from there. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Network } from '../helpers/namespaces.ts';
import { namespacesMissing } from '../helpers/netns.ts';
import { assertWhole, BOOT, makeApplets, place, rescueArgs } from './rescue-place.ts';

const SERVER = '10.77.0.1';
/** As udhcpd(8) wants option 72, whose name it does not know: 10.77.0.7 and 10.77.0.8. */
const OPTION_72 = 'opt 0x48 0a4d00070a4d0008';

/** What DHCP says beside the address, and whom the rescue then asks, in that order. */
const TOLD = [
  {
    title: 'the option for web servers, and the next server',
    lines: [OPTION_72, `siaddr ${SERVER}`],
    asked: ['10.77.0.7', '10.77.0.8', SERVER],
  },
  { title: 'the router', lines: [`opt router ${SERVER}`], asked: [SERVER] },
] as const;

for (const { title, lines, asked } of TOLD)
  test(`DHCP tells it by ${title}`, { skip: namespacesMissing }, async (t) => {
    const at = await place(t);
    const network = new Network();
    t.after(() => network.remove());
    network.addBridge('room');
    const server = network.addHost('server', [{ bridge: 'room', address: `${SERVER}/24` }]);
    const laptop = network.addHost('laptop', [{ bridge: 'room', address: '192.0.2.1/24' }]);
    const settings = join(at.folder, 'udhcpd.conf');
    const leases = join(at.folder, 'leases');
    writeFileSync(leases, '');
    const range = [
      'start 10.77.0.20',
      'end 10.77.0.29',
      'interface eth0',
      `lease_file ${leases}`,
      `pidfile ${at.folder}/pid`,
    ];
    writeFileSync(settings, `${[...range, 'opt subnet 255.255.255.0', ...lines].join('\n')}\n`);
    server.spawn('busybox', ['udhcpd', '-f', settings]);
    server.spawn('busybox', ['httpd', '-f', '-p', `${SERVER}:8517`, '-h', at.published.repository]);
    const PATH = makeApplets(at);
    const work = `. ${BOOT}/ripple-root; ripple_udhcpc=${BOOT}/ripple-udhcpc ripple_cmdline=/dev/null
      rs_network || exit 9; rs_servers >"$rs_work/servers"; cat "$rs_work/servers"; ip addr show dev eth0
      while read -r rs_url; do rs_from "$rs_url" && exit 0; done <"$rs_work/servers"; exit 8`;
    const ran = await laptop.run('env', ['-i', `PATH=${PATH}`, join(PATH, 'sh'), ...rescueArgs(at, work)]);
    assert.equal(ran.status, 0, ran.stderr);
    const servers = [...ran.stdout.matchAll(/^http:\/\/(\S+):8517$/gm)].map(([, address]) => address);
    assert.deepEqual([...new Set(servers)], asked);
    assert.match(ran.stdout, /inet 10\.77\.0\.2\d\/24/);
    assertWhole(at);
  });
