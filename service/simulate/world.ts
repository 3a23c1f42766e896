/**
 * Where laptops are, and who hears whom there. A class: one room, all awake, nobody moves. A school: rooms of thirty with an
 * access point each, of which some reach the school server; a playground where laptops hear each other directly; homes where a
 * few children live near each other. Children come and go by the bell, close their laptops, and some stay at home.
 */
import type { Links } from './figures.ts';
import type { Random } from './random.ts';
import { type Shared, shared } from './shared.ts';

export interface Place {
  readonly reachesServer: boolean;
  /** In a room everybody hears everybody. */
  readonly rangeMetres: number;
  /** How often the air carries what goes from one laptop to another: twice where an access point passes it on. */
  readonly hops: 1 | 2;
  /** Whose air is used by what is sent at this spot; on wires, none. */
  readonly airAt: (spot: Spot) => Shared | undefined;
}

export interface Spot {
  readonly place: Place;
  readonly x: number;
  readonly y: number;
}

/** From this time on it is there; without a spot: closed, or away. */
export interface Stay {
  readonly atSeconds: number;
  readonly spot: Spot | undefined;
  readonly onMains: boolean;
}

export interface World {
  readonly air: readonly Shared[];
  /** For each laptop, in the order of time. */
  readonly stays: readonly (readonly Stay[])[];
  readonly endSeconds: number;
  /** When the server sends the wake-up packet of the version. */
  readonly wakeAtSeconds: number;
  /** Per cent of charge of each laptop's battery at second 0; absent: they have none. */
  readonly charges?: readonly number[];
}

export interface ClassOptions {
  readonly laptops: number;
  readonly links: Links;
  /** On wires, as in a test bench, or in the air of one channel. */
  readonly isWired: boolean;
}

const HOUR = 3600;
/** Laptops that send at once wait for each other and collide: of the channel's rate such a part is lost for each more. */
const LOST_BY_EACH = 0.02;
const LEAST_PART = 0.4;

/** What is left of a channel's rate with so many flows (the shape of Bianchi's saturation throughput, IEEE JSAC 18(3), 2000). */
export function airRate(bytesPerSecond: number, flows: number): number {
  return bytesPerSecond * Math.max(LEAST_PART, 1 - LOST_BY_EACH * Math.max(0, flows - 1));
}

const channel = (name: string, { airBytesPerSecond }: Links): Shared =>
  shared(name, (flows) => airRate(airBytesPerSecond, flows));

export function classWorld({ laptops, links, isWired }: ClassOptions): World {
  const air = isWired ? undefined : channel('room', links);
  const place: Place = {
    reachesServer: true,
    rangeMetres: Number.POSITIVE_INFINITY,
    hops: isWired ? 1 : 2,
    airAt: () => air,
  };
  const stay: Stay = { atSeconds: 0, spot: { place, x: 0, y: 0 }, onMains: true };
  return {
    air: air ? [air] : [],
    stays: Array.from({ length: laptops }, () => [stay]),
    endSeconds: 24 * HOUR,
    wakeAtSeconds: 0.01,
  };
}

export interface SchoolOptions {
  readonly laptops: number;
  readonly links: Links;
  readonly days: number;
  readonly random: Random;
}

const ROOM = 30;
/** Rooms whose access point is joined to the school's network. */
const COVERED = 0.8;
/** Channels 1, 6 and 11; so many rooms on one channel are near enough to share its air. */
const ROOMS_ON_A_CHANNEL = 2;
const PLAYGROUND_METRES = [80, 60] as const;
const PLAYGROUND_RANGE = 30;
/** In the open a channel is used again so far away. */
const CELL_METRES = 40;
const CHILDREN_AT_A_HOME = 4;
/** By the clock of the first day, whose school begins at 0. */
const LESSONS = 5;
const LESSON_SECONDS = 45 * 60;
const BREAK_SECONDS = 15 * 60;
const AWAKE = { lesson: 0.8, break: 0.5, home: 0.3 } as const;
const LAST_SITS_SECONDS = 180;
const AT_SCHOOL = 0.93;
/** Whose homes have electricity; the others charge in class. */
const CHARGES_AT_HOME = 0.7;
const LEAST_CHARGE = 15;

export function schoolWorld({ laptops, links, days, random }: SchoolOptions): World {
  const air: Shared[] = [];
  const newAir = (name: string): Shared => {
    const one = channel(name, links);
    air.push(one);
    return one;
  };
  const roomCount = Math.ceil(laptops / ROOM);
  const numbers = random.shuffled(Array.from({ length: roomCount }, (_, index) => index));
  const covered = new Set(numbers.slice(0, Math.ceil(COVERED * roomCount)));
  const rooms = Array.from({ length: roomCount }, (_, index) => {
    const share = Math.floor(index / (3 * ROOMS_ON_A_CHANNEL)) * 3 + (index % 3);
    air[share] ??= channel(`rooms ${share}`, links);
    const own = air[share];
    const reachesServer = covered.has(index);
    return { reachesServer, rangeMetres: Number.POSITIVE_INFINITY, hops: 2 as const, airAt: () => own };
  });
  const cells = new Map<string, Shared>();
  const playground: Place = {
    reachesServer: false,
    rangeMetres: PLAYGROUND_RANGE,
    hops: 1,
    airAt: ({ x, y }) => {
      const key = `${Math.floor(x / CELL_METRES)} ${Math.floor(y / CELL_METRES)}`;
      const known = cells.get(key) ?? newAir(`playground ${key}`);
      cells.set(key, known);
      return known;
    },
  };
  const homes = Array.from({ length: Math.ceil(laptops / CHILDREN_AT_A_HOME) }, (_, index): Place => {
    const own = newAir(`home ${index}`);
    return { reachesServer: false, rangeMetres: Number.POSITIVE_INFINITY, hops: 1, airAt: () => own };
  });
  // Who sits in one room does not live in one street.
  const home = random.shuffled(Array.from({ length: laptops }, (_, index) => Math.floor(index / CHILDREN_AT_A_HOME)));
  const stays = Array.from({ length: laptops }, (_, index) => {
    const at = (place: Place | undefined, awake: number): Spot | undefined =>
      place && random.chance(awake)
        ? { place, x: random.between(0, PLAYGROUND_METRES[0]), y: random.between(0, PLAYGROUND_METRES[1]) }
        : undefined;
    const stay: Stay[] = [];
    const chargesAtHome = random.chance(CHARGES_AT_HOME);
    for (let day = 0; day < days; day++)
      stay.push(
        ...schoolDay(day * 24 * HOUR, random, chargesAtHome, (where) => {
          if (where === 'lesson') return at(rooms[Math.floor(index / ROOM)], AWAKE.lesson);
          return where === 'break' ? at(playground, AWAKE.break) : at(homes[home[index] ?? 0], AWAKE.home);
        }),
      );
    return stay;
  });
  const charges = Array.from({ length: laptops }, () => random.between(LEAST_CHARGE, 100));
  return { air, stays, endSeconds: days * 24 * HOUR, wakeAtSeconds: LAST_SITS_SECONDS + 20, charges };
}

function schoolDay(
  from: number,
  random: Random,
  chargesAtHome: boolean,
  spot: (where: 'lesson' | 'break' | 'home') => Spot | undefined,
): readonly Stay[] {
  const stays: Stay[] = [];
  const isThere = random.chance(AT_SCHOOL);
  const add = (atSeconds: number, where: Spot | undefined, onMains: boolean): void => {
    stays.push({ atSeconds, spot: where, onMains });
  };
  for (let lesson = 0; lesson < LESSONS; lesson++) {
    const begin = from + lesson * (LESSON_SECONDS + BREAK_SECONDS);
    // Not on the second: the first is open before the last has sat down.
    add(begin + random.between(0, LAST_SITS_SECONDS), isThere ? spot('lesson') : undefined, isThere !== chargesAtHome);
    add(begin + LESSON_SECONDS + random.between(0, 120), isThere ? spot('break') : undefined, false);
  }
  const end = from + LESSONS * (LESSON_SECONDS + BREAK_SECONDS);
  add(end + random.between(0, 600), undefined, false);
  const evening = end + random.between(1, 4) * HOUR;
  add(evening, spot('home'), chargesAtHome);
  add(evening + random.between(0.5, 2) * HOUR, undefined, chargesAtHome);
  return stays;
}

/** Whether who is at `a` and who is at `b` hear each other. */
export function hear(a: Spot, b: Spot): boolean {
  return a.place === b.place && Math.hypot(a.x - b.x, a.y - b.y) <= a.place.rangeMetres;
}
