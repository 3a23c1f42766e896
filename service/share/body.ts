/** Sends bytes to one reader: in pieces, at the rate allowed, and not to a reader that stopped reading. */
import type { ServerResponse } from 'node:http';
import type { ServedContent } from '../store/content.ts';
import { buffersSpent } from '../sys/spent-buffers.ts';

export interface BodyOptions {
  /** Handed to the network at a time. */
  readonly pieceBytes: number;
  /** Resolves when `bytes` more may be sent; at once when there is no rate cap. */
  readonly mayGive: (bytes: number) => Promise<void> | undefined;
  /** Called with what was handed to the network. */
  readonly gave: (bytes: number) => void;
  /** A piece that is not taken within this time ends the connection, which also sets the least rate of a reader. */
  readonly stallMs: number;
}

/** Sends `length` bytes from `start` and ends the response. Returns early, without error, if the reader went away. */
export async function sendBody(
  response: ServerResponse,
  content: ServedContent,
  start: number,
  length: number,
  options: BodyOptions,
): Promise<void> {
  let sent = 0;
  while (sent < length) {
    const size = Math.min(options.pieceBytes, length - sent);
    await options.mayGive(size);
    if (response.destroyed) return;
    const piece = await content.read(start + sent, size);
    if (response.destroyed) return;
    sent += size;
    options.gave(size);
    buffersSpent(size);
    if (sent === length) response.end(piece);
    else if (!response.write(piece) && !(await settled(response, 'drain', options.stallMs))) return;
  }
  if (length === 0) response.end();
  if (!response.writableFinished) await settled(response, 'finish', options.stallMs);
}

/** Whether `event` came; false when the reader went away, or took too long and was cut. */
function settled(response: ServerResponse, event: 'drain' | 'finish', stallMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (came: boolean) => {
      clearTimeout(timer);
      response.off(event, onEvent);
      response.off('close', onClose);
      resolve(came);
    };
    const onEvent = () => done(true);
    const onClose = () => done(false);
    const timer = setTimeout(() => {
      response.destroy();
      done(false);
    }, stallMs);
    response.once(event, onEvent);
    response.once('close', onClose);
  });
}
