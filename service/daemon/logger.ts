/** One line an event on standard error, which systemd keeps in the journal: `<priority>message key=value …` (sd-daemon(3)). */
import type { Logger } from '../core/ports.ts';

export const journalLogger: Logger = {
  info: (message, data) => write(6, message, data),
  warn: (message, data) => write(4, message, data),
};

function write(priority: number, message: string, data: Readonly<Record<string, unknown>> = {}): void {
  const fields = Object.entries(data).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const prefix = process.env.JOURNAL_STREAM === undefined ? `${new Date().toISOString()} ` : `<${priority}>`;
  process.stderr.write(`${prefix}${message}${fields.join('')}\n`);
}
