import { parseArgs } from 'node:util';
import { RippleError } from '../service/api/errors.ts';

export interface Options {
  /** D-Bus address; the system bus without. */
  readonly bus: string | undefined;
  /** Only say where the page is, and open no window. */
  readonly print: boolean;
  /** Stay without a window until one is asked for; tell of a new version by the desktop's notifications. */
  readonly background: boolean;
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
    background: {
      type: 'boolean',
      doc: 'open no window yet; tell when there is a new version, and open it when asked',
    },
  },
} as const;

export const HELP = `usage: ripple-activity [--bus ADDRESS] [--print] [--background] [ripple:ADDRESS]

The screen of Ripple. ${ACTIVITY_PROGRAM.description}

  --bus ADDRESS  ${ACTIVITY_PROGRAM.options.bus.doc}
  --print        ${ACTIVITY_PROGRAM.options.print.doc}
  --background   ${ACTIVITY_PROGRAM.options.background.doc}
`;

/** Whoever follows a link gets the window, wherever it points: nothing in it is read. */
const LINK = /^ripple:/i;

/** Throws `RippleError` InvalidArgument for anything that is no option. */
export function parseOptions(args: readonly string[]): Options {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        bus: { type: 'string' },
        print: { type: 'boolean' },
        background: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const other = positionals.find((one) => !LINK.test(one));
    if (other !== undefined) throw new Error(`"${other}" is no option and no link like ripple://`);
    return {
      bus: values.bus,
      print: values.print === true,
      background: values.background === true,
      help: values.help === true,
    };
  } catch (thrown) {
    throw new RippleError('InvalidArgument', thrown instanceof Error ? thrown.message : 'wrong arguments');
  }
}
