import type { LastError } from '../../service/api/model.ts';

/** The troubles a child is told of; each has its own picture and words. */
export const TROUBLES = [
  'noOneNearby',
  'noRoom',
  'plugIn',
  'brokenPiece',
  'notReal',
  'notAllowed',
  'busy',
  'didNotWork',
] as const;
export type Trouble = (typeof TROUBLES)[number];

/** What a child is told of an error; `undefined` where nothing went wrong for them. */
export function troubleOf(code: LastError['code']): Trouble | undefined {
  switch (code) {
    case '':
    case 'Cancelled':
    // It has a screen of its own.
    case 'RolledBack':
      return undefined;
    case 'NoSource':
      return 'noOneNearby';
    case 'NoSpace':
      return 'noRoom';
    case 'LowBattery':
      return 'plugIn';
    case 'HashMismatch':
      return 'brokenPiece';
    case 'SignatureInvalid':
    case 'Downgrade':
      return 'notReal';
    case 'NotAuthorized':
    case 'OrderRefused':
      return 'notAllowed';
    case 'Busy':
    case 'WrongState':
      return 'busy';
    case 'UnknownVersion':
    case 'InvalidArgument':
    case 'IoError':
    case 'Internal':
      return 'didNotWork';
  }
}
