/** The teacher's words of one language: real terms, since a teacher may ask somebody for help with them. */
import type { ErrorCode } from '../../service/api/errors.ts';
import type { Plural } from '../words/text.ts';
import type { Standing } from './class-state.ts';

export interface TeacherText {
  readonly title: string;
  readonly ownLaptop: string;
  readonly classButton: string;
  /** `{ready}` of `{count}`. */
  readonly ready: string;
  readonly nobody: string;
  readonly search: string;
  readonly none: string;
  readonly print: string;
  readonly standings: Readonly<Record<Standing, string>>;
  /** `{version}`. */
  readonly version: string;
  readonly now: string;
  readonly minutesAgo: Plural;
  readonly hoursAgo: Plural;
  readonly daysAgo: Plural;
  readonly lastSeen: string;
  readonly unnamed: string;
  readonly bring: string;
  readonly back: string;
  readonly order: {
    readonly title: string;
    readonly which: string;
    readonly when: string;
    readonly now: string;
    readonly afterSchool: string;
    readonly time: string;
    readonly deadline: string;
    readonly canaries: string;
    readonly together: string;
    readonly who: string;
    readonly everyone: string;
    /** A field for the name of one class. */
    readonly one: string;
    readonly passphrase: string;
    readonly send: string;
    readonly sending: string;
    readonly wrong: string;
    readonly fill: string;
    /** `{version}`, `{time}`. */
    readonly standing: string;
    readonly halted: string;
    readonly waits: string;
    readonly stop: string;
    readonly stopped: string;
  };
  readonly laptop: {
    readonly step: string;
    readonly reason: string;
    readonly todo: string;
    readonly copy: string;
    readonly copied: string;
    /** By standing: the last step in plain words. */
    readonly steps: Readonly<Record<Standing, string>>;
    readonly fine: string;
    readonly advice: Readonly<Record<Advice, string>>;
  };
}

/** What a teacher can do about a trouble. */
export type Advice = 'nothing' | 'closer' | 'room' | 'power' | 'restart' | 'key' | 'ask';

export function adviceOf(code: ErrorCode | 'RolledBack' | '', standing: Standing): Advice {
  switch (code) {
    case '':
    case 'Cancelled':
      return standing === 'away'
        ? 'closer'
        : standing === 'waiting'
          ? 'restart'
          : standing === 'stuck'
            ? 'ask'
            : 'nothing';
    case 'NoSource':
    case 'HashMismatch':
      return 'closer';
    case 'NoSpace':
      return 'room';
    case 'LowBattery':
      return 'power';
    case 'SignatureInvalid':
    case 'Downgrade':
    case 'OrderRefused':
      return 'key';
    default:
      return 'ask';
  }
}
