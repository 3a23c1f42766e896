/** What to say when nobody near was a help. */
import { RippleError } from '../api/errors.ts';

/** Which of the troubles to tell when nobody helped: a forged document is worse than silence. */
export function noAnswer(asked: number, troubles: readonly RippleError[], banned: number): RippleError {
  const forged = troubles.find((error) => error.code === 'SignatureInvalid');
  if (forged) return forged;
  if (asked === 0 && banned > 0)
    return new RippleError(
      'NoSource',
      `nobody near can be believed: ${banned} gave what is not real, and are not asked for now`,
    );
  if (asked === 0)
    return new RippleError('NoSource', 'nobody is near: no neighbour was heard and no server is configured');
  return new RippleError('NoSource', `nobody answered (${asked} asked): ${troubles[0]?.message ?? 'no reason known'}`);
}
