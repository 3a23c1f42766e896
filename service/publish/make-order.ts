/** Orders for a class: put together, signed, and judged as a laptop will judge them before anybody sees them. */
import { RippleError } from '../api/errors.ts';
import { formatOrder, type Order } from '../image/documents.ts';
import { signDocument } from '../sign/document.ts';
import type { Signer } from '../sign/signer.ts';

/** In `classes`: every laptop that follows the image. An order for nobody takes back the one before it. */
export const EVERY_CLASS = '*';

/** A time as a person gives it. @throws RippleError `InvalidArgument` naming `what` */
export function orderTime(what: string, text: string): string {
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms) || Math.abs(ms) > 8.64e15)
    throw new RippleError('InvalidArgument', `${what} must be a time like 2026-03-06T15:00:00Z, not "${text}"`);
  return new Date(ms).toISOString().replace('.000', '');
}

/** The signed document. @throws RippleError where a number is out of range or a key cannot sign */
export async function signOrder(order: Order, signers: readonly Signer[]): Promise<Uint8Array> {
  return signDocument(formatOrder(order), signers);
}
