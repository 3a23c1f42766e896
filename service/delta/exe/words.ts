// References that are a field within an instruction word, by machine.
import { armTarget, armTargetDelta, withArmTarget } from './arm-words.ts';
import { arm64Target, arm64TargetDelta, withArm64Target } from './arm64-words.ts';
import { KIND } from './references.ts';

/** The target that a word at `address` names; `aux` where the word alone doesn't tell it. */
export function wordTarget(kind: number, word: number, address: number, aux: number): number {
  return kind < KIND.armBranch24 ? arm64Target(kind, word, address, aux) : armTarget(kind, word, address, aux);
}

/** `word` made to name `target` from `address`. */
export function withTarget(kind: number, word: number, target: number, address: number): number {
  return kind < KIND.armBranch24
    ? withArm64Target(kind, word, target, address)
    : withArmTarget(kind, word, target, address);
}

/** How far `actual` is from `predicted` in bytes of target, or undefined when they are not the same instruction or can't tell. */
export function targetDelta(kind: number, predicted: number, actual: number): number | undefined {
  return kind < KIND.armBranch24 ? arm64TargetDelta(kind, predicted, actual) : armTargetDelta(kind, predicted, actual);
}
