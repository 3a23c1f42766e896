import { unpackedForm } from './deflate/unpacked.ts';
import { maskReferences } from './exe/canonical.ts';
import { findReferences } from './exe/find-references.ts';
import { unpackXz } from './xz/unpack.ts';

/**
 * A file as it is compared with others: without compression, and a program without its references, which differ from one linking to
 * the next in nearly every instruction. What is given stays as it is.
 */
export function comparableForm(file: Uint8Array): Uint8Array {
  const xz = unpackXz([file]);
  const form = xz.parse.count > 0 ? xz.form : unpackedForm(file);
  const found = findReferences(form);
  if (found.references.count === 0) return form;
  const masked = new Uint8Array(form);
  maskReferences(masked, found);
  return masked;
}
