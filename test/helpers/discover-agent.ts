/**
 * A laptop for tests of discovery, as a process that can be put into a namespace and killed: an HTTP side that answers
 * 404, and discovery. First argument: `AgentOptions` as JSON. Each line on its input is an `AgentCommand`; each line
 * of its output an `AgentReport`.
 */
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import type { Announcement, Neighbour } from '../../service/core/ports.ts';
import { createDiscovery, type DiscoveryOptions } from '../../service/discover/discovery.ts';

export interface AgentOptions {
  readonly announcement: Announcement;
  readonly kind: DiscoveryOptions['kind'];
  readonly interfaces?: readonly string[];
  readonly systemBusAddress?: string;
}
export type AgentCommand =
  | { readonly do: 'announce'; readonly announcement: Announcement }
  | { readonly do: 'probe'; readonly id: string }
  | { readonly do: 'refresh' | 'stop' };
export type AgentReport =
  | { readonly is: 'started' | 'stopped' }
  | { readonly is: 'neighbours'; readonly neighbours: readonly Neighbour[] }
  | { readonly is: 'probed'; readonly id: string; readonly alive: boolean }
  | { readonly is: 'log'; readonly message: string }
  | { readonly is: 'asked'; readonly path: string };

const report = (what: AgentReport) => process.stdout.write(`${JSON.stringify(what)}\n`);
const log = (message: string) => report({ is: 'log', message });

const { announcement, ...options }: AgentOptions = JSON.parse(process.argv[2] ?? '{}');
const server = createServer((request, response) => {
  report({ is: 'asked', path: `${request.method} ${request.url}` });
  response.writeHead(404).end();
});
await new Promise<void>((resolve) => server.listen(announcement.port, '0.0.0.0', resolve));
const discovery = createDiscovery({
  ...options,
  logger: { info: log, warn: log },
  clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
});
discovery.onChange(() => report({ is: 'neighbours', neighbours: discovery.neighbours() }));
await discovery.start(announcement);
report({ is: 'started' });

createInterface({ input: process.stdin }).on('line', async (line) => {
  const command: AgentCommand = JSON.parse(line);
  if (command.do === 'announce') discovery.announce(command.announcement);
  else if (command.do === 'refresh') discovery.refresh();
  else if (command.do === 'probe') {
    report({ is: 'probed', id: command.id, alive: await discovery.probe(command.id) });
  } else {
    await discovery.stop();
    server.close();
    server.closeAllConnections();
    report({ is: 'stopped' });
    process.exit(0);
  }
});
