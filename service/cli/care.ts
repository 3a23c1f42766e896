/** `ripple verify` and `ripple repair`: is the running version still what was published? */
import { RippleError } from '../api/errors.ts';
import type { Command } from './command.ts';
import { CLIENT_OPTIONS, withDaemon } from './daemon-client.ts';

export const verifyCommand: Command = {
  description:
    'Reads every file of the running version and compares content, mode, owner and time with the manifest. Exit status 1 when something differs.',
  positionals: [],
  options: CLIENT_OPTIONS,
  examples: ['ripple verify'],
  run: (invocation) =>
    withDaemon(invocation, async (client) => {
      invocation.terminal.say('Reading every file…');
      const [checked, damaged] = await client.call('Verify', []);
      invocation.terminal.result({ checked, damaged }, () => `${checked} entries checked, ${damaged} differ.`);
      if (damaged > 0)
        throw new RippleError('HashMismatch', `${damaged} entries differ from the manifest; mend them: ripple repair`);
    }),
};

export const repairCommand: Command = {
  description:
    'Verifies, fetches what is damaged from any neighbour or server, and replaces it by a rename in every tree that shares the file.',
  positionals: [],
  options: CLIENT_OPTIONS,
  examples: ['ripple repair'],
  run: (invocation) =>
    withDaemon(invocation, async (client) => {
      const [repaired] = await client.call('Repair', []);
      invocation.terminal.result({ repaired }, () =>
        repaired === 0 ? 'Nothing was damaged.' : `${repaired} entries repaired.`,
      );
    }),
};
