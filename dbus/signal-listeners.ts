/** Who listens to which signals on this connection. */
import type { Signal } from './call.ts';
import type { SignalRule } from './match.ts';
import type { IncomingMessage } from './wire.ts';

interface Listener {
  readonly rule: SignalRule;
  readonly hear: (signal: Signal) => void;
}
interface Owners {
  ownerOf(name: string): string | undefined;
}

export class SignalListeners {
  readonly #listeners = new Set<Listener>();

  /** The returned function removes it, and says whether it was still there. */
  add(rule: SignalRule, hear: (signal: Signal) => void): () => boolean {
    const listener: Listener = { rule, hear };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  clear(): void {
    this.#listeners.clear();
  }

  deliver(message: IncomingMessage, owners: Owners): void {
    const { sender, path, interface: iface, member, signature } = message;
    if (sender === undefined || path === undefined || iface === undefined || member === undefined) return;
    const fitting = [...this.#listeners].filter(({ rule }) => {
      if (rule.path !== undefined && rule.path !== path) return false;
      if (rule.interface !== undefined && rule.interface !== iface) return false;
      if (rule.member !== undefined && rule.member !== member) return false;
      // Any user may send a signal of any name straight to us: only the bus's word on the sender counts.
      return rule.sender === undefined || rule.sender === sender || owners.ownerOf(rule.sender) === sender;
    });
    const body = fitting.length > 0 ? readableBody(message) : undefined;
    if (!body) return;
    for (const { rule, hear } of fitting)
      if (rule.arg0 === undefined || rule.arg0 === body[0])
        hear({ sender, path, interface: iface, member, signature, body });
  }
}

/** A signal that cannot be read has nothing to say. */
function readableBody(message: IncomingMessage): readonly unknown[] | undefined {
  try {
    return message.body();
  } catch {
    return undefined;
  }
}
