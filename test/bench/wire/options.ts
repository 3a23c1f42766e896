/** What `npm run bench:wire` may be told. Pure. */
import { parseArgs } from 'node:util';
import { reasonOf } from '../../../service/api/errors.ts';

export interface WireOptions {
  /** Names of pairs; empty: all. */
  readonly only: readonly string[];
  /** Names of programs; empty: all. */
  readonly tools: readonly string[];
  /** Nothing that was kept is used. */
  readonly fresh: boolean;
  /** Nothing is measured: the report is written of what was kept, even by other code of ours, and says so. */
  readonly report: boolean;
  /** Small pairs only. */
  readonly quick: boolean;
}

export const USAGE =
  'usage: npm run bench:wire -- [--quick] [--fresh|--report] [--only PAIR]… [--tool PROGRAM]…\nAll of it, and only then BENCHMARKS.md is written, unless told less.';

/** The options, or one line on what is wrong with them. */
export function parseOptions(
  args: readonly string[],
  pairs: readonly string[],
  tools: readonly string[],
): WireOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true, default: [] },
        tool: { type: 'string', multiple: true, default: [] },
        fresh: { type: 'boolean', default: false },
        report: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
      },
    });
    const stranger = values.only.find((name) => !pairs.includes(name));
    if (stranger !== undefined) return `there is no pair "${stranger}"; there are ${pairs.join(' ')}`;
    const unknown = values.tool.find((name) => !tools.includes(name));
    if (unknown !== undefined) return `there is no program "${unknown}"; there are ${tools.join(', ')}`;
    const { only, tool: chosen, fresh, report, quick } = values;
    if (fresh && report) return '--fresh uses nothing that was kept, --report nothing else: choose one';
    return { only, tools: chosen, fresh, report, quick };
  } catch (error) {
    return reasonOf(error).split('\n')[0] ?? '';
  }
}

/** Less than everything is for looking, not for the record. */
export function isWhole({ only, tools, quick }: WireOptions): boolean {
  return only.length === 0 && tools.length === 0 && !quick;
}
