import { unpackedForm } from './deflate/unpacked.ts';
import { maskReferences } from './exe/canonical.ts';
import { findReferences } from './exe/find-references.ts';

/**
 * A file as it is compared with others: without compression, and a program without its references, which differ from one linking to
 * the next in nearly every instruction. What is given stays as it is.
 */
export function comparableForm(file: Uint8Array): Uint8Array {
  const form = unpackedForm(file);
  const found = findReferences(form);
  if (found.references.count === 0) return form;
  const masked = new Uint8Array(form);
  maskReferences(masked, found);
  return masked;
}
