import { parseArgs } from 'node:util';
import { RippleError } from '../service/api/errors.ts';

export interface Options {
  /** D-Bus address; the system bus without. */
  readonly bus: string | undefined;
  /** Only say where the page is, and open no window. */
  readonly print: boolean;
  readonly help: boolean;
}

export const HELP = `usage: ripple-activity [--bus ADDRESS] [--print]

The screen of Ripple: what is new, who has it, one tap to get it.

  --bus ADDRESS  the D-Bus to find ripple-daemon on (default: the system bus)
  --print        open no window; print the address of the page instead
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
