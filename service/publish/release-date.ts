/** When a release says it was made. */
import { RippleError } from '../api/errors.ts';

/**
 * RFC 3339, whole seconds. SOURCE_DATE_EPOCH goes before the clock, so that the same tree gives the same release
 * wherever and whenever it is built (reproducible-builds.org/specs/source-date-epoch).
 * @throws RippleError `InvalidArgument` when the variable is set to something else than seconds since 1970
 */
export function releaseDate(environment: Readonly<Record<string, string | undefined>>, now: Date): string {
  const epoch = environment.SOURCE_DATE_EPOCH;
  if (epoch !== undefined && !/^[0-9]{1,11}$/.test(epoch))
    throw new RippleError('InvalidArgument', `SOURCE_DATE_EPOCH=${epoch} is not seconds since 1970`);
  const date = epoch === undefined ? now : new Date(Number(epoch) * 1000);
  return date.toISOString().replace(/\.[0-9]{3}Z$/, 'Z');
}
