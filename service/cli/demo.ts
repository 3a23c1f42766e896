/** `ripple demo`: a little class on this machine, to look at and click through. */
import { statSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import { runDemo } from '../demo/demo.ts';
import { type Command, UsageError } from './command.ts';

export const demoCommand: Command = {
  description:
    "Starts a school server, three neighbours and one laptop on loopback, with a sample image made of this machine's own files, and opens the activity of the laptop: get the new version from a neighbour, restart into it, go back. Needs no root; Ctrl-C removes everything again.",
  positionals: [],
  options: {
    tree: {
      type: 'string',
      value: 'DIR',
      multiple: true,
      doc: 'your own trees instead of the sample: the older, then the newer',
    },
    print: { type: 'boolean', doc: 'open no window, only print the address of the activity' },
  },
  examples: ['ripple demo', 'ripple demo --tree old/ --tree new/'],
  run: async (invocation) => {
    const [older, newer, ...more] = invocation.list('tree');
    if (more.length > 0 || (older !== undefined && newer === undefined))
      throw new UsageError('--tree is given twice or not at all: the older, then the newer');
    for (const tree of [older, newer]) {
      if (tree !== undefined && !statSync(tree, { throwIfNoEntry: false })?.isDirectory())
        throw new RippleError('InvalidArgument', `there is no folder ${tree}`);
    }
    const trees = older !== undefined && newer !== undefined ? ([older, newer] as const) : undefined;
    await runDemo({
      print: invocation.flag('print'),
      say: (line) => invocation.terminal.say(line),
      signal: invocation.signal,
      ...(trees ? { trees } : {}),
    });
  },
};
