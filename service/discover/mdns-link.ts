/**
 * Our service on one network link: announces it, answers for it, asks for others, and notices who no longer answers.
 *
 * Made for a class of thirty in one room, where every packet goes to everybody: an answer says all, is sent at most
 * once a second whoever asks, and one question serves the whole room: who hears it puts off asking the same.
 */
import { type BackendEvents, MAX_INSTANCES, type Service } from './backend.ts';
import {
  type DnsQuestion,
  type DnsRecord,
  ENUMERATION_RECORD,
  type Heard,
  instanceFullName,
  readQuery,
  readResponse,
  SERVICE_QUESTION,
  serviceRecords,
} from './dns-sd.ts';
import { isOnLink, type Link } from './network.ts';
import { Timers } from './timers.ts';

export interface MdnsSocket {
  /** Resolves when the packet went out or could not. */
  ask(questions: readonly DnsQuestion[]): Promise<void>;
  say(answers: readonly DnsRecord[]): Promise<void>;
  close(): Promise<void>;
}
export interface MdnsHandlers {
  query(packet: unknown, fromAddress: string): void;
  response(packet: unknown, fromAddress: string): void;
}

/** RFC 6762, 5.2 and 8.3: a few questions and two announcements at the start, each a second or more apart. */
const FIRST_QUESTIONS_MS = [20, 1_000, 4_000] as const;
const SECOND_ANNOUNCEMENT_MS = 1_000;
/** RFC 6762, section 6: answers wait 20–120 ms, so that thirty do not speak at once, and keep a second apart. */
const ANSWER_APART_MS = 1_000;
/** The room is asked once in this time; whoever does not answer then is doubted. */
const ROUND_MS = 300_000;
const ROUND_ANSWERS_MS = 8_000;
const REFRESH_APART_MS = 5_000;

interface Instance {
  readonly name: string;
  readonly address: string;
  port?: number;
  strings?: readonly Uint8Array[];
  heardMs: number;
}

export class MdnsLink {
  readonly #link: Link;
  readonly #events: Omit<BackendEvents, 'lost'>;
  readonly #socket: MdnsSocket;
  readonly #timers = new Timers();
  readonly #nowMs: () => number;
  readonly #instances = new Map<string, Instance>();
  #service: Service;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(
    link: Link,
    service: Service,
    events: Omit<BackendEvents, 'lost'>,
    nowMs: () => number,
    open: (address: string, handlers: MdnsHandlers) => MdnsSocket,
  ) {
    this.#link = link;
    this.#service = service;
    this.#events = events;
    this.#nowMs = nowMs;
    this.#socket = open(link.addresses[0] ?? '', {
      query: (packet, from) => this.#onQuery(packet, from),
      response: (packet, from) => this.#onResponse(packet, from),
    });
  }

  get fingerprint(): string {
    return this.#link.fingerprint;
  }

  /** Those heard by a link before this one: who does not answer here is doubted. */
  inherit(before: MdnsLink): void {
    for (const [key, instance] of before.#instances) this.#instances.set(key, instance);
  }

  /** Resolves when the first announcement is out. */
  async start(): Promise<void> {
    for (const delayMs of FIRST_QUESTIONS_MS)
      this.#timers.once(`first-${delayMs}`, jittered(delayMs), () => this.#askUnlessAsked(delayMs / 2));
    this.#scheduleRound();
    await this.#announce();
  }

  update(service: Service): void {
    this.#service = service;
    void this.#announce();
  }

  refresh(): void {
    const waitMs = Math.max(jittered(100), this.#askedMs + REFRESH_APART_MS - this.#nowMs());
    this.#timers.once('refresh', waitMs, () => this.#askUnlessAsked(REFRESH_APART_MS / 2));
  }

  /** Says goodbye if `politely`, and frees the socket. */
  async stop(politely: boolean): Promise<void> {
    this.#timers.stop();
    if (politely) await this.#socket.say(this.#records().map((record) => ({ ...record, ttl: 0 })));
    await this.#socket.close();
  }

  #records(): DnsRecord[] {
    return serviceRecords(this.#service, this.#link.addresses);
  }

  /** A packet on the air can get lost, so everything new is said twice. */
  async #announce(): Promise<void> {
    this.#timers.once('again', jittered(SECOND_ANNOUNCEMENT_MS), () => this.#say(this.#records()));
    await this.#say(this.#records());
  }

  async #say(records: readonly DnsRecord[]): Promise<void> {
    this.#answeredMs = this.#nowMs();
    await this.#socket.say(records);
  }

  #askUnlessAsked(withinMs: number): void {
    if (this.#nowMs() - this.#askedMs < withinMs) return;
    this.#asked();
    void this.#socket.ask([SERVICE_QUESTION]);
  }

  /** The whole room has been asked, by us or by another. */
  #asked(): void {
    this.#askedMs = this.#nowMs();
    this.#scheduleRound();
    this.#awaitAnswers();
  }

  #awaitAnswers(): void {
    const askedMs = this.#askedMs;
    this.#timers.once('silence', askedMs + ROUND_ANSWERS_MS - this.#nowMs(), () => {
      // Who spoke just before it was asked need not say it again.
      this.#doubtTheSilent(askedMs - 2 * ANSWER_APART_MS);
      if (this.#askedMs > askedMs) this.#awaitAnswers();
    });
  }

  #scheduleRound(): void {
    this.#timers.again('round', ROUND_MS * (0.8 + 0.4 * Math.random()), () => this.#askUnlessAsked(0));
  }

  #doubtTheSilent(sinceMs: number): void {
    for (const [key, instance] of this.#instances) {
      if (instance.heardMs >= sinceMs) continue;
      this.#instances.delete(key);
      if (instance.port !== undefined) this.#events.doubted(urlOf(instance.address, instance.port));
    }
  }

  #onQuery(packet: unknown, from: string): void {
    if (!isOnLink(from, this.#link.subnets)) return;
    const asked = readQuery(packet, this.#service.record.id);
    if (asked.forEverybody) this.#asked();
    if (asked.forUs) this.#answer();
    if (asked.forTypes) this.#timers.once('types', ANSWER_APART_MS, () => this.#socket.say([ENUMERATION_RECORD]));
  }

  #answer(): void {
    const waitMs = Math.max(20 + Math.random() * 100, this.#answeredMs + ANSWER_APART_MS - this.#nowMs());
    this.#timers.once('answer', waitMs, () => this.#say(this.#records()));
  }

  #onResponse(packet: unknown, from: string): void {
    if (!isOnLink(from, this.#link.subnets)) return;
    for (const [name, heard] of readResponse(packet)) {
      if (heard.goodbye) this.#onGoodbye(name);
      else this.#onHeard(name, from, heard);
    }
  }

  /** A goodbye says nothing about who sends it, so everybody of that name is worth asking. */
  #onGoodbye(name: string): void {
    if (name === instanceFullName(this.#service.record.id)) this.#answer();
    for (const [key, instance] of this.#instances) {
      if (instance.name !== name) continue;
      this.#instances.delete(key);
      if (instance.port !== undefined) this.#events.doubted(urlOf(instance.address, instance.port));
    }
  }

  /** Its address is where the packet came from: an address inside it could send us to ask a stranger. */
  #onHeard(name: string, address: string, { port, strings }: Heard): void {
    const key = `${address}/${name}`;
    const known = this.#instances.get(key);
    if (!known && this.#instances.size >= MAX_INSTANCES) return;
    const instance: Instance = { ...known, name, address, heardMs: this.#nowMs() };
    if (port !== undefined) instance.port = port;
    if (strings !== undefined) instance.strings = strings;
    this.#instances.set(key, instance);
    if (instance.port !== undefined && instance.strings !== undefined)
      this.#events.sighted(instance.strings, urlOf(address, instance.port));
    else if (!known) this.refresh();
  }
}

function urlOf(address: string, port: number): string {
  return `http://${address}:${port}`;
}

function jittered(ms: number): number {
  return ms * (1 + Math.random() / 4) + Math.random() * 100;
}
