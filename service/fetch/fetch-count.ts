/** What came, from whom, and how much is still to come. */
import type { Clock } from '../core/ports.ts';

export interface FetchProgress {
  /** Of the wanted blobs, whether they came now or were there. Falls when wrong bytes are thrown away. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly doneBlobs: number;
  readonly totalBlobs: number;
  /** Bytes received in this call, by source id; without those that turned out to be a lie. */
  readonly bytesBySource: Readonly<Record<string, number>>;
}

export interface FetchResult {
  readonly bytesBySource: Readonly<Record<string, number>>;
  /** Received in this call. */
  readonly fetchedBytes: number;
  /** Were there from an earlier call or process, and used. */
  readonly resumedBytes: number;
  readonly requests: number;
}

const PROGRESS_MS = 100;

export class FetchCount {
  totalBlobs = 0;
  #totalBytes = 0;
  #doneBlobs = 0;
  #doneBytes = 0;
  #fetchedBytes = 0;
  #resumedBytes = 0;
  #requests = 0;
  readonly #bySource = new Map<string, number>();
  readonly #clock: Clock;
  readonly #onProgress: ((progress: FetchProgress) => void) | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, onProgress: ((progress: FetchProgress) => void) | undefined) {
    this.#clock = clock;
    this.#onProgress = onProgress;
  }

  wanted(bytes: number): void {
    this.totalBlobs += 1;
    this.#totalBytes += bytes;
  }

  /** A whole blob was there. */
  present(bytes: number): void {
    this.#resumedBytes += bytes;
    this.#doneBytes += bytes;
    this.#doneBlobs += 1;
  }

  received(id: string, bytes: number): void {
    this.#fetchedBytes += bytes;
    this.#bySource.set(id, (this.#bySource.get(id) ?? 0) + bytes);
    this.#tell();
  }

  takenBack(id: string, bytes: number): void {
    this.#bySource.set(id, Math.max(0, (this.#bySource.get(id) ?? 0) - bytes));
  }

  kept(bytes: number): void {
    this.#doneBytes += bytes;
  }

  resumed(bytes: number): void {
    this.#resumedBytes += bytes;
  }

  request(): void {
    this.#requests += 1;
  }

  blobDone(): void {
    this.#doneBlobs += 1;
  }

  result(): FetchResult {
    this.#onProgress?.(this.#progress());
    return {
      bytesBySource: Object.fromEntries(this.#bySource),
      fetchedBytes: this.#fetchedBytes,
      resumedBytes: this.#resumedBytes,
      requests: this.#requests,
    };
  }

  #tell(): void {
    if (!this.#onProgress) return;
    const now = this.#clock.monotonicMs();
    if (now - this.#toldMs < PROGRESS_MS) return;
    this.#toldMs = now;
    this.#onProgress(this.#progress());
  }

  #progress(): FetchProgress {
    return {
      doneBytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      doneBlobs: this.#doneBlobs,
      totalBlobs: this.totalBlobs,
      bytesBySource: Object.fromEntries(this.#bySource),
    };
  }
}
