/** What the teacher's pages show: only what `Laptops`, `Versions` and `Order` say. Pure. */
import type { ActivitySnapshot } from '../../service/api/activity.ts';
import type { LaptopInfo, OrderInfo } from '../../service/api/model.ts';

/** The one word of a tile, in the order in which tiles are shown. */
export const STANDINGS = ['stuck', 'getting', 'waiting', 'older', 'has', 'away'] as const;
export type Standing = (typeof STANDINGS)[number];

export interface Tile {
  readonly laptop: LaptopInfo;
  readonly standing: Standing;
  /** 0 to 1. */
  readonly level: number;
}

export interface ClassState {
  /** The version everybody is to be on: the order's, else the newest that anybody has. */
  readonly target: number;
  /** All that fit the search, stuck first. */
  readonly tiles: readonly Tile[];
  /** Of the whole class, whatever is searched for. */
  readonly ready: number;
  readonly count: number;
  readonly counts: Readonly<Record<Standing, number>>;
  readonly order: OrderInfo | null;
  /** Signed versions that an order can name, newest first. */
  readonly versions: readonly number[];
}

const GETTING: ReadonlySet<string> = new Set(['fetching', 'staging', 'checking']);
const WAITING: ReadonlySet<string> = new Set(['ready', 'restarting']);

export function standingOf(laptop: LaptopInfo, target: number): Standing {
  if (laptop.state === 'away') return 'away';
  if (laptop.stuck || laptop.state === 'failed') return 'stuck';
  if (laptop.version >= target) return 'has';
  if (WAITING.has(laptop.state)) return 'waiting';
  return GETTING.has(laptop.state) ? 'getting' : 'older';
}

function levelOf({ laptop, standing }: Pick<Tile, 'laptop' | 'standing'>): number {
  if (standing === 'has' || standing === 'waiting') return 1;
  return standing === 'getting' ? laptop.progress / 100 : 0;
}

const BY_NAME = new Intl.Collator(undefined, { numeric: true });

/** Accents and capitals do not matter to somebody who looks for a name. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

export function classState({ classroom, properties }: ActivitySnapshot, search: string): ClassState {
  const laptops = classroom ?? [];
  const order = properties?.order ?? null;
  const offered = properties?.versions.map((info) => info.version) ?? [];
  const newest = Math.max(properties?.bootedVersion ?? 0, ...offered, ...laptops.map((laptop) => laptop.version));
  const target = order && order.classes.length > 0 ? order.version : newest;
  const all = laptops.map((laptop): Tile => {
    const standing = standingOf(laptop, target);
    return { laptop, standing, level: levelOf({ laptop, standing }) };
  });
  const counts = Object.fromEntries(
    STANDINGS.map((standing) => [standing, all.filter((tile) => tile.standing === standing).length]),
  ) as Record<Standing, number>;
  const wanted = plain(search.trim());
  const found = all.filter(({ laptop }) => plain(laptop.name).includes(wanted) || laptop.id.startsWith(wanted));
  const rank = ({ standing }: Tile): number => STANDINGS.indexOf(standing);
  const name = ({ laptop }: Tile): string => laptop.name || '\uffff';
  const tiles = found.sort(
    (a, b) => rank(a) - rank(b) || BY_NAME.compare(name(a), name(b)) || (a.laptop.id < b.laptop.id ? -1 : 1),
  );
  const versions = [...new Set([...offered, properties?.bootedVersion ?? 0])].filter((one) => one > 0);
  return {
    target,
    tiles,
    ready: counts.has,
    count: all.length,
    counts,
    order,
    versions: versions.sort((a, b) => b - a),
  };
}

/** How long ago, for a person: the largest unit that is at least one. */
export type Ago = { readonly unit: 'now' } | { readonly unit: 'minutes' | 'hours' | 'days'; readonly count: number };

export function agoOf(lastSeen: number, nowSeconds: number): Ago {
  const minutes = Math.floor((nowSeconds - lastSeen) / 60);
  if (lastSeen <= 0 || minutes < 2) return { unit: 'now' };
  if (minutes < 60) return { unit: 'minutes', count: minutes };
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? { unit: 'hours', count: hours } : { unit: 'days', count: Math.floor(hours / 24) };
}

/** When an order is to happen, and until when "later" is possible, as the form gives them. */
export type WhenChoice = 'now' | 'afterSchool' | 'time';
const SCHOOL_ENDS_HOUR = 15;

/** RFC 3339, or `now`. `time` is the value of a `datetime-local` field. @returns undefined where that is no time */
export function orderWhen(choice: WhenChoice, time: string, nowMs: number): string | undefined {
  if (choice === 'now') return 'now';
  const at = choice === 'afterSchool' ? new Date(nowMs) : new Date(time);
  if (choice === 'afterSchool') {
    at.setHours(SCHOOL_ENDS_HOUR, 0, 0, 0);
    if (at.getTime() <= nowMs) at.setDate(at.getDate() + 1);
  }
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
