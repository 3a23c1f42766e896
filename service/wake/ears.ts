/** Listens in one group on every link there is, follows the network, and turns away from a flood. */
import { networkInterfaces } from 'node:os';
import type { WakeGroup } from '../core/wake-rules.ts';
import { isFromLink, type WakeLink, wakeLinks } from './links.ts';
import { openEar } from './socket.ts';

const NETWORK_POLL_MS = 10_000;

export interface EarsOptions {
  readonly port: number;
  /** IPv4 addresses to use; empty: every interface that is not internal. */
  readonly interfaces: readonly string[];
  heard(bytes: Buffer, link: WakeLink): void;
  failed(link: WakeLink, why: string): void;
}

export class Ears {
  readonly #options: EarsOptions;
  readonly #open = new Map<string, { close(): void }>();
  #group: WakeGroup | undefined;
  #poll: NodeJS.Timeout | undefined;
  #deaf: NodeJS.Timeout | undefined;

  constructor(options: EarsOptions) {
    this.#options = options;
  }

  listen(group: WakeGroup): void {
    this.#group = group;
    this.#follow();
    this.#poll = setInterval(() => this.#follow(), NETWORK_POLL_MS);
    this.#poll.unref();
  }

  links(): readonly WakeLink[] {
    return wakeLinks(networkInterfaces(), this.#options.interfaces);
  }

  /** Leaves the group for so long: the kernel then throws away what is sent to it. */
  turnAway(forMs: number): void {
    this.#closeAll();
    clearTimeout(this.#deaf);
    this.#deaf = setTimeout(() => {
      this.#deaf = undefined;
      this.#follow();
    }, forMs);
    this.#deaf.unref();
  }

  stop(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#deaf);
    this.#group = undefined;
    this.#closeAll();
  }

  /** A socket does not hear what is sent on an interface that went away and came back. */
  #follow(): void {
    const { port, heard, failed } = this.#options;
    const group = this.#group;
    if (!group || this.#deaf) return;
    const present = this.links();
    for (const [key, ear] of this.#open) {
      if (present.some((link) => link.key === key)) continue;
      this.#open.delete(key);
      ear.close();
    }
    for (const link of present) {
      if (this.#open.has(link.key)) continue;
      const onPacket = (bytes: Buffer, from: string): void => {
        if (isFromLink(link, from)) heard(bytes, link);
      };
      const onTrouble = (why: string): void => {
        this.#open.delete(link.key);
        failed(link, why);
      };
      this.#open.set(link.key, openEar(link, group, port, onPacket, onTrouble));
    }
  }

  #closeAll(): void {
    for (const ear of this.#open.values()) ear.close();
    this.#open.clear();
  }
}
