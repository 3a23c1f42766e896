/** A daemon that has started, whichever its role. */
export interface RunningDaemon {
  /** Where its HTTP side answers; empty when it gives nothing. */
  readonly url: string;
  onBusLost(listener: () => void): void;
  stop(): Promise<void>;
}
