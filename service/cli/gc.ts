/** `ripple gc`: what lies on the disk, and why. */
import { closeSync } from 'node:fs';
import { readConfig } from '../daemon/config.ts';
import { collectGarbage, type GarbageItem, surveyGarbage } from '../daemon/garbage.ts';
import { lockSysroot } from '../daemon/sysroot-lock.ts';
import { readBooted } from '../deploy/booted.ts';
import { chooseBackend } from '../deploy/choose-backend.ts';
import { Layout } from '../deploy/layout.ts';
import type { Command } from './command.ts';
import { formatBytes, formatTable } from './terminal.ts';
import { needWritable } from './writable-sysroot.ts';

export const gcCommand: Command = {
  description:
    'Lists every version and everything else that Ripple has on the disk, with the reason why it is kept or goes, and removes what may go. A daemon does that by itself once a new version has shown that it works; while one runs, only --dry-run is possible.',
  positionals: [],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'the configuration; /etc/ripple/ripple.toml when not given' },
    'dry-run': { type: 'boolean', doc: 'only tell, remove nothing' },
    json: { type: 'boolean', doc: 'print JSON for programs' },
  },
  examples: ['ripple gc --dry-run', 'systemctl stop ripple && ripple gc'],
  run: async (invocation) => {
    const config = readConfig(invocation.string('config') ?? '/etc/ripple/ripple.toml');
    const layout = new Layout(config.sysroot);
    const isDry = invocation.flag('dry-run');
    if (!isDry) needWritable(layout.sysroot);
    const lock = isDry ? undefined : lockSysroot(layout);
    try {
      const booted = readBooted(config.bootMarker)?.deployment;
      const items = surveyGarbage({ layout, booted });
      if (!isDry) await collectGarbage({ layout, booted, backend: chooseBackend(layout, config.treesBackend) });
      const freedBytes = items.reduce((sum, item) => sum + (item.isKept ? 0 : item.sizeBytes), 0);
      invocation.terminal.result({ isDryRun: isDry, freedBytes, items }, () => {
        const freed = formatBytes(freedBytes);
        return `${tableOf(items, isDry)}\n${isDry ? `${freed} would be freed.` : `${freed} freed.`}`;
      });
    } finally {
      if (lock !== undefined) closeSync(lock);
    }
  },
};

function tableOf(items: readonly GarbageItem[], isDry: boolean): string {
  const rows = items.map(({ name, roles, isKept, reason, sizeBytes }) => [
    name,
    roles.join(', ') || '-',
    isKept ? 'kept' : isDry ? 'would go' : 'removed',
    isKept ? '-' : formatBytes(sizeBytes),
    reason,
  ]);
  return formatTable(['WHAT', 'ROLES', 'STATE', 'FREES', 'WHY'], rows);
}
