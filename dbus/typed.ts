/** From described arguments to signatures, and from decoded bodies back to described types. */
import type { ArgumentDescription, ValuesOf } from '../service/api/description.ts';

/** The signature of a whole argument list. */
export function signatureOf(args: readonly ArgumentDescription[]): string {
  return args.map(({ signature }) => signature).join('');
}

/** The wire decodes by the signature alone, so equal signatures mean equal types. */
export function isBodyOf<Args extends readonly ArgumentDescription[]>(
  args: readonly ArgumentDescription[],
  signature: string,
  body: readonly unknown[],
): body is ValuesOf<Args> {
  return signature === signatureOf(args) && body.length === args.length;
}
