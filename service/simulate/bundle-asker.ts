/** One bundle from whoever has it, as `daemon/bundle-taker.ts` asks for it: neighbours in turns, then the server; who is busy is waited for. */
import { inTurn } from '../core/source-choice.ts';
import type { Host } from './host.ts';
import type { Scene } from './scene.ts';

const MOST_PEERS = 8;
const MIN_WAIT_MS = 500;
const MAX_WAIT_MS = 5_000;

export interface BundleAsk {
  readonly self: Host;
  readonly scene: Scene;
  readonly isProven: (id: string) => boolean;
  readonly maxBytes: number;
  readonly patienceMs: number;
  /** Whole ones near: neighbours, and the server. */
  readonly sources: () => readonly Host[];
  readonly isOver: () => boolean;
  readonly over: (end: 'whole' | 'again' | 'none') => void;
}

export function askForBundle(ask: BundleAsk): void {
  const { scene, self } = ask;
  const { time, options } = scene;
  const startedMs = time.nowMs;
  const refused = new Set<Host>();
  let isLong = false;
  const round = (): void => {
    if (ask.isOver()) return;
    const all = ask.sources();
    const peers = all.filter(({ kind }) => kind === 'peer');
    const turned = inTurn(peers, ask.isProven, options.random.next());
    next([...turned.slice(0, MOST_PEERS), ...all.filter(({ kind }) => kind === 'school')], undefined);
  };
  const next = (left: readonly Host[], waitMs: number | undefined): void => {
    if (ask.isOver()) return;
    const [source, ...rest] = left;
    if (!source) {
      again(waitMs);
      return;
    }
    if (refused.has(source)) {
      next(rest, waitMs);
      return;
    }
    if (!source.hasBundle || options.update.bundleBytes > ask.maxBytes) {
      if (source.hasBundle) isLong = true;
      refused.add(source);
      time.in(options.links.requestSeconds * 1000, () => next(rest, waitMs));
      return;
    }
    const told = Math.max(MIN_WAIT_MS, source.retryAfterMs);
    const refusal = (): void => next(rest, Math.min(waitMs ?? MAX_WAIT_MS, told));
    scene.takeSlot(source, () => take(source, rest, waitMs), refusal);
  };
  const take = (source: Host, rest: readonly Host[], waitMs: number | undefined): void => {
    scene.send({
      from: source,
      to: self,
      bytes: options.update.bundleBytes,
      what: 'bundle',
      done: () => {
        scene.leaveSlot(source);
        ask.over('whole');
      },
      broke: () => {
        scene.leaveSlot(source);
        refused.add(source);
        next(rest, waitMs);
      },
    });
  };
  const again = (waitMs: number | undefined): void => {
    if (waitMs === undefined) {
      ask.over(isLong ? 'again' : 'none');
      return;
    }
    if (time.nowMs - startedMs + waitMs > ask.patienceMs) {
      ask.over('again');
      return;
    }
    time.in(waitMs, round);
  };
  round();
}
