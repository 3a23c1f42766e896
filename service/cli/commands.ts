/**
 * Every command, in the order of the help. Each is loaded when it is called: a daemon needs none of the publisher's code
 * in its memory, and `ripple status` should not wait for it.
 */
import type { Command } from './command.ts';

export interface CommandName {
  readonly name: string;
  /** Under 60 characters, for the list of commands. */
  readonly summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: readonly CommandName[] = [
  {
    name: 'status',
    summary: 'what runs, what is new, what is going on',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  {
    name: 'check',
    summary: 'look around for newer versions',
    load: async () => (await import('./update.ts')).checkCommand,
  },
  {
    name: 'get',
    summary: 'fetch a version and write it beside the running one',
    load: async () => (await import('./update.ts')).getCommand,
  },
  {
    name: 'accept',
    summary: 'choose a version that is here for the next start',
    load: async () => (await import('./update.ts')).acceptCommand,
  },
  { name: 'later', summary: 'put a new version off', load: async () => (await import('./update.ts')).laterCommand },
  {
    name: 'rollback',
    summary: 'go back to the previous version at the next start',
    load: async () => (await import('./update.ts')).rollbackCommand,
  },
  {
    name: 'restart',
    summary: 'restart the laptop into the chosen version',
    load: async () => (await import('./update.ts')).restartCommand,
  },
  {
    name: 'cancel',
    summary: 'stop what is being fetched',
    load: async () => (await import('./update.ts')).cancelCommand,
  },
  {
    name: 'peers',
    summary: 'which laptops and servers are near, and what they have',
    load: async () => (await import('./status.ts')).peersCommand,
  },
  {
    name: 'order',
    summary: 'bring a whole class to one version',
    load: async () => (await import('./order.ts')).orderCommand,
  },
  {
    name: 'class',
    summary: 'who is in the class and how far',
    load: async () => (await import('./class.ts')).classCommand,
  },
  {
    name: 'verify',
    summary: 'hash every file of the running version again',
    load: async () => (await import('./care.ts')).verifyCommand,
  },
  {
    name: 'repair',
    summary: 'fetch damaged files again and replace them',
    load: async () => (await import('./care.ts')).repairCommand,
  },
  {
    name: 'gc',
    summary: 'what is kept on the disk and why; remove the rest',
    load: async () => (await import('./gc.ts')).gcCommand,
  },
  {
    name: 'publish',
    summary: 'make a tree a signed version in a repository',
    load: async () => (await import('./publish.ts')).publishCommand,
  },
  {
    name: 'diff',
    summary: 'write the difference of two files',
    load: async () => (await import('./delta.ts')).diffCommand,
  },
  {
    name: 'patch',
    summary: 'make the new file from the old one and a difference',
    load: async () => (await import('./delta.ts')).patchCommand,
  },
  {
    name: 'serve',
    summary: 'give a repository over HTTP',
    load: async () => (await import('./daemon.ts')).serveCommand,
  },
  {
    name: 'daemon',
    summary: 'run the updater of a laptop or a school server',
    load: async () => (await import('./daemon.ts')).daemonCommand,
  },
  {
    name: 'adopt',
    summary: 'make an installed Debian the first version',
    load: async () => (await import('./adopt.ts')).adoptCommand,
  },
  {
    name: 'usb',
    summary: 'carry versions on a USB stick',
    load: async () => (await import('./usb.ts')).usbCommand,
  },
  {
    name: 'demo',
    summary: 'play a little class with a school server on this machine',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  {
    name: 'simulate',
    summary: 'how a version would spread in a class, school or country',
    load: async () => (await import('./simulate.ts')).simulateCommand,
  },
  { name: 'keygen', summary: 'make a signing key', load: async () => (await import('./keygen.ts')).keygenCommand },
  {
    name: 'keyring',
    summary: 'say which keys are trusted for what',
    load: async () => (await import('./keyring.ts')).keyringCommand,
  },
];
