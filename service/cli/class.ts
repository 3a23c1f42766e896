/** `ripple class`: every laptop of the class, and how far it is. */
import { decodeLaptops } from '../../dbus/decode.ts';
import { RippleError } from '../api/errors.ts';
import type { LaptopInfo } from '../api/model.ts';
import type { Command } from './command.ts';
import { CLIENT_OPTIONS, withDaemon } from './daemon-client.ts';
import { formatTable } from './terminal.ts';

export const classCommand: Command = {
  description:
    'Prints a table of the class as the daemon of a school server or of a teacher’s laptop sees it: who is on which version, who is getting one, who is stuck, who is away.',
  positionals: [],
  options: CLIENT_OPTIONS,
  examples: ['ripple class', 'ripple class --json'],
  run: (invocation) =>
    withDaemon(invocation, async (client) => {
      const { classroom } = client;
      if (!classroom)
        throw new RippleError(
          'WrongState',
          'this laptop leads no class: set role = "teacher" or "school" in the configuration',
        );
      const laptops = [...decodeLaptops(classroom.Laptops ?? [])].sort(byNeed);
      invocation.terminal.result(laptops, () => (laptops.length === 0 ? 'Nobody was heard yet.' : table(laptops)));
    }),
};

/** Whoever needs help first; then by name. */
function byNeed(a: LaptopInfo, b: LaptopInfo): number {
  return Number(b.stuck) - Number(a.stuck) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);
}

function table(laptops: readonly LaptopInfo[]): string {
  const rows = laptops.map((one) => [
    one.name || one.id,
    one.version === 0 ? '' : String(one.version),
    one.stuck ? `stuck (${one.state})` : one.state,
    one.progress > 0 && one.progress < 100 ? `${one.progress} %` : '',
    new Date(one.lastSeen * 1000).toISOString().slice(0, 16).replace('T', ' '),
    one.error,
  ]);
  return formatTable(['LAPTOP', 'VERSION', 'STATE', 'DONE', 'LAST SEEN', 'TROUBLE'], rows);
}
