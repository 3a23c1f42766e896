import { parseArgs } from 'node:util';
import { RippleError } from '../service/api/errors.ts';

export interface Options {
  /** D-Bus address; the system bus without. */
  readonly bus: string | undefined;
  /** Only say where the page is, and open no window. */
  readonly print: boolean;
  readonly help: boolean;
}

/** What the activity is and takes: its help and its manual page say the same. */
export const ACTIVITY_PROGRAM = {
  name: 'ripple-activity',
  summary: 'the screen of Ripple',
  description: 'What is new, who has it, one tap to get it.',
  options: {
    bus: { type: 'string', value: 'ADDRESS', doc: 'the D-Bus to find the daemon on; the system bus when not given' },
    print: { type: 'boolean', doc: 'open no window; print the address of the page instead' },
  },
} as const;

export const HELP = `usage: ripple-activity [--bus ADDRESS] [--print]

The screen of Ripple. ${ACTIVITY_PROGRAM.description}

  --bus ADDRESS  ${ACTIVITY_PROGRAM.options.bus.doc}
  --print        ${ACTIVITY_PROGRAM.options.print.doc}
`;

/** Throws `RippleError` InvalidArgument for anything that is no option. */
export function parseOptions(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { bus: { type: 'string' }, print: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    return { bus: values.bus, print: values.print === true, help: values.help === true };
  } catch (thrown) {
    throw new RippleError('InvalidArgument', thrown instanceof Error ? thrown.message : 'wrong arguments');
  }
}
