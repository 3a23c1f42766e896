/**
 * The neighbours heard of, keyed by id. Everything that is heard is a hint: mDNS has no authentication, and even
 * honest programs say goodbye in another's name. So a goodbye only raises a doubt, a second machine under a known id
 * counts only once it answered, and what decides is always whether the address answers (see `liveness.ts`).
 *
 * No I/O and no timers here: the caller passes the time, and asks the addresses this table wants to have asked.
 */
import type { Neighbour } from '../core/ports.ts';
import { sameRecord, type TxtRecord } from './txt.ts';

const MAX_NEIGHBOURS = 512;
const MAX_CLAIMS_PER_ID = 4;
/** How long a neighbour that no longer answers stays listed, so that it can be shown as away. */
const FORGET_AFTER_MS = 10 * 60_000;

/** Monotonic and unix milliseconds of one moment; the second is only shown. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** One address that says it is this id. */
interface Claim {
  record: TxtRecord;
  /** It may speak for the id: it was the first to, or it answered. */
  accepted: boolean;
  alive: boolean;
  /** When it answered last; `undefined`: never yet. */
  answeredMs: number | undefined;
  heardMs: number;
  heardWallMs: number;
}

type Claims = Map<string, Claim>;

/** What a sighting led to. */
export interface Verdict {
  /** `list()` says something else than before. */
  readonly changed: boolean;
  /** The address must answer before it counts. */
  readonly mustAnswer: boolean;
}

const NOTHING: Verdict = { changed: false, mustAnswer: false };

export class NeighbourTable {
  readonly #ownId: string;
  readonly #maxNeighbours: number;
  readonly #neighbours = new Map<string, Claims>();
  readonly #idOf = new Map<string, string>();
  /** As of the last change: it is read many times in a second while a class gets a version. */
  #listed: readonly Neighbour[] | undefined;

  constructor(ownId: string, maxNeighbours: number = MAX_NEIGHBOURS) {
    this.#ownId = ownId;
    this.#maxNeighbours = maxNeighbours;
  }

  /**
   * `url` announced `record`.
   * @param firstHand it did so now; otherwise it only is in somebody's list, and must answer before it is in ours.
   */
  sighted(record: TxtRecord, url: string, now: Moment, firstHand = true): Verdict {
    if (record.id === this.#ownId) return NOTHING;
    this.#listed = undefined;
    const before = this.#idOf.get(url);
    // One address is one daemon: it has a new id, or another laptop got the address.
    const replaced = before !== undefined && before !== record.id && this.#drop(url);
    const claims = this.#neighbours.get(record.id) ?? this.#admit(record.id);
    if (!claims) return { changed: replaced, mustAnswer: false };
    const claim = claims.get(url);
    const heard = { heardMs: now.monotonicMs, heardWallMs: now.wallMs };
    if (claim) {
      const differs = claim.accepted && !sameRecord(claim.record, record);
      Object.assign(claim, heard, { record });
      // A dead address does not rise by being announced: a cache or a squatter could do that for ever.
      return { changed: differs, mustAnswer: !claim.alive || !claim.accepted };
    }
    const first = claims.size === 0 && firstHand;
    if (claims.size >= MAX_CLAIMS_PER_ID && !this.#dropLeast(claims)) return { changed: replaced, mustAnswer: false };
    claims.set(url, { record, accepted: first, alive: true, answeredMs: undefined, ...heard });
    this.#idOf.set(url, record.id);
    return { changed: first || replaced, mustAnswer: !first };
  }

  /** `url` answered. Gives whether `list()` changed. */
  answered(url: string, now: Moment): boolean {
    const claim = this.#claim(url);
    if (!claim) return false;
    this.#listed = undefined;
    const changed = !claim.alive || !claim.accepted;
    // The latest address that answers speaks for the id.
    Object.assign(claim, { accepted: true, alive: true, answeredMs: now.monotonicMs });
    Object.assign(claim, { heardMs: now.monotonicMs, heardWallMs: now.wallMs });
    return changed;
  }

  /** `url` did not answer although asked more than once. Gives whether `list()` changed. */
  missed(url: string): boolean {
    const claim = this.#claim(url);
    if (!claim) return false;
    this.#listed = undefined;
    // Another address may still stand for this id; one that never counted was nothing to lose.
    const others = [...this.#claimsOf(url)].some(([other, one]) => other !== url && counts(one));
    if (others || !claim.accepted) return this.#drop(url) && claim.accepted;
    const changed = claim.alive;
    claim.alive = false;
    return changed;
  }

  /** Forgets who has been away for long. Gives whether `list()` changed. */
  prune(now: Moment): boolean {
    const gone = [...this.#neighbours].filter(([, claims]) =>
      [...claims.values()].every((claim) => !counts(claim) && now.monotonicMs - claim.heardMs > FORGET_AFTER_MS),
    );
    for (const [id] of gone) this.#remove(id);
    if (gone.length > 0) this.#listed = undefined;
    return gone.length > 0;
  }

  list(): readonly Neighbour[] {
    this.#listed ??= this.#list();
    return this.#listed;
  }

  #list(): readonly Neighbour[] {
    return [...this.#neighbours].flatMap(([id, claims]) => {
      const standing = standingClaims(claims);
      const best = standing[0];
      if (!best) return [];
      const { record, alive, heardWallMs } = best[1];
      // A laptop on two networks has two addresses that say the same; whoever says otherwise is not it.
      const same = standing.filter(([, claim]) => claim.alive === alive && sameRecord(claim.record, record));
      return [{ ...record, id, urls: same.map(([url]) => url), lastSeenMs: heardWallMs, alive }];
    });
  }

  /** Every address that speaks, or would speak, for this id; the best first. */
  urlsOf(id: string): readonly string[] {
    const claims = this.#neighbours.get(id);
    return claims ? [...new Set([...standingClaims(claims).map(([url]) => url), ...claims.keys()])] : [];
  }

  imageAt(url: string): string | undefined {
    return this.#claim(url)?.record.image;
  }

  /** Whether the address is taken to be alive. */
  isAlive(url: string): boolean {
    const claim = this.#claim(url);
    return claim !== undefined && counts(claim);
  }

  /** When the address answered last, monotonic; `undefined`: never yet. */
  answeredMs(url: string): number | undefined {
    return this.#claim(url)?.answeredMs;
  }

  /** The address that has been silent for longest, of those taken to be alive. */
  mostSilent(): string | undefined {
    return [...this.#neighbours.values()]
      .flatMap((claims) => [...claims])
      .filter(([, claim]) => counts(claim))
      .sort(([, a], [, b]) => a.heardMs - b.heardMs)[0]?.[0];
  }

  /** Room for one more id: who is away goes first, then who never answered; those who did answer stay. */
  #admit(id: string): Claims | undefined {
    if (this.#neighbours.size >= this.#maxNeighbours) {
      const all = [...this.#neighbours];
      const away = all.find(([, claims]) => [...claims.values()].every((claim) => !claim.alive));
      const unproven = all.find(([, claims]) => [...claims.values()].every((claim) => claim.answeredMs === undefined));
      const out = away ?? unproven;
      if (!out) return undefined;
      this.#remove(out[0]);
    }
    const claims: Claims = new Map();
    this.#neighbours.set(id, claims);
    return claims;
  }

  #dropLeast(claims: Claims): boolean {
    const least = [...claims].find(([, claim]) => !claim.accepted) ?? [...claims].find(([, claim]) => !claim.alive);
    return least !== undefined && this.#drop(least[0]);
  }

  #drop(url: string): boolean {
    const id = this.#idOf.get(url);
    if (id === undefined) return false;
    this.#idOf.delete(url);
    const claims = this.#neighbours.get(id);
    claims?.delete(url);
    if (claims?.size === 0) this.#neighbours.delete(id);
    return true;
  }

  #remove(id: string): void {
    for (const url of this.#neighbours.get(id)?.keys() ?? []) this.#idOf.delete(url);
    this.#neighbours.delete(id);
  }

  #claimsOf(url: string): Claims {
    return this.#neighbours.get(this.#idOf.get(url) ?? '') ?? new Map();
  }

  #claim(url: string): Claim | undefined {
    return this.#claimsOf(url).get(url);
  }
}

function counts(claim: Claim): boolean {
  return claim.accepted && claim.alive;
}

/** Who may speak for the id, the best first: alive before dead, then the one heard last. */
function standingClaims(claims: Claims): [string, Claim][] {
  return [...claims]
    .filter(([, claim]) => claim.accepted)
    .sort(([, a], [, b]) => Number(b.alive) - Number(a.alive) || b.heardMs - a.heardMs);
}
