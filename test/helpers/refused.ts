import assert from 'node:assert/strict';
import { RippleError } from '../../service/api/errors.ts';
import { SignatureError, type SignatureReason } from '../../service/core/signature-error.ts';

/** The promise rejects with a `SignatureError` for exactly this reason, in one line. */
export async function refusedFor(reason: SignatureReason, attempt: Promise<unknown>): Promise<void> {
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof SignatureError, String(error));
    assert.equal(error.reason, reason, error.message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

/** The promise rejects with a `RippleError` of this code. */
export async function refusedWith(code: RippleError['code'], attempt: Promise<unknown>, message = /./): Promise<void> {
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof RippleError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}
