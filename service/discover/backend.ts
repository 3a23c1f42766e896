/** What the two ways of speaking mDNS have in common, so that one can stand in for the other. */
import type { TxtRecord } from './txt.ts';

export const SERVICE_TYPE = '_ripple._tcp';
export const MAX_INSTANCES = 512;

export interface Service {
  readonly record: TxtRecord;
  /** TCP port of the HTTP side. */
  readonly port: number;
}

/** What a backend tells; every word of it is a hint. */
export interface BackendEvents {
  /** Somebody at `url` announced these TXT strings. May come often, and for this machine too. */
  sighted(strings: readonly Uint8Array[], url: string): void;
  /** Somebody is still listed with these TXT strings, which says nothing about whether it is there. */
  listed(strings: readonly Uint8Array[], url: string): void;
  /** The one at `url` said goodbye, ran out, or fell silent: worth asking. */
  doubted(url: string): void;
  /** This backend cannot go on; it has been stopped. Another must take over. */
  lost(why: string): void;
}

export interface Backend {
  /** Resolves once the service was announced, or at once where there is no network yet. */
  start(service: Service): Promise<void>;
  /** Announces something else from now on. The caller sees to the rate. */
  update(service: Service): void;
  /** Asks the network who is there; the answers come as sightings. */
  refresh(): void;
  /** The one at `url` no longer answers there: it may have moved. */
  lookAgain(url: string): void;
  stop(): Promise<void>;
}

/** The label of our service: not a hostname, never a nickname, and unlike any other laptop's. */
export function instanceName(id: string): string {
  return `ripple-${id}`;
}
