/** What goes over a connection, as the programs on it see it. */

export interface MethodCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  /** Signature the reply must have; another one is an error. Not checked when left out. */
  readonly replySignature?: string;
  /** Default 25 s. */
  readonly timeoutMs?: number;
  /** Whether the service may ask the person at the screen for a password. */
  readonly allowInteraction?: boolean;
}

/** A call that came in. `sender` is the caller's unique name, put there by the bus. */
export interface IncomingCall {
  readonly sender: string;
  readonly path: string;
  readonly interface: string | undefined;
  readonly member: string;
  readonly signature: string;
  readonly bodyBytes: number;
  readonly body: () => readonly unknown[];
  readonly noReply: boolean;
  readonly allowInteraction: boolean;
}
export interface Answer {
  readonly signature: string;
  readonly body: readonly unknown[];
}
/** Answers a call, or gives `undefined` when it is not for it. Reject with a `BusError` to send that error. */
export type Dispatcher = (call: IncomingCall) => Promise<Answer> | undefined;

export interface Signal {
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
}
export interface OutgoingSignal {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
}

/** Undoes what gave it; calling it again does nothing. */
export type Unsubscribe = () => void;
