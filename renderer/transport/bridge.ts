import {
  type ActivityCall,
  type ActivitySnapshot,
  type ActivityTransport,
  type CallResult,
  CONNECTING,
  parseResult,
} from '../../service/api/activity.ts';

/**
 * Talks to `main/bridge.ts`, the server this page came from. The address bar brings a token that is good for one
 * exchange; what it is exchanged for, a script cannot read.
 */
export class BridgeTransport implements ActivityTransport {
  #latest: ActivitySnapshot = CONNECTING;

  subscribe(listener: (snapshot: ActivitySnapshot) => void): void {
    const tell = (snapshot: ActivitySnapshot): void => {
      this.#latest = snapshot;
      listener(snapshot);
    };
    void openSession().then(() => {
      const events = new EventSource(`events?${windowKey()}`);
      events.addEventListener('message', (event: MessageEvent<string>) => tell(JSON.parse(event.data)));
      // The main process is gone, and with it the only one who knows; EventSource tries again by itself.
      events.addEventListener('error', () => tell({ ...this.#latest, daemon: 'absent', properties: null }));
    });
  }

  async call(call: ActivityCall): Promise<CallResult> {
    try {
      const response = await fetch('call', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Ripple-Window': windowKey() },
        body: JSON.stringify(call),
      });
      return parseResult(await response.json());
    } catch {
      return { ok: false, code: 'IoError' };
    }
  }
}

const WINDOW_KEY = 'window';

/** What only this window was given; it outlives a reload, and no other window has it. */
function windowKey(): string {
  return sessionStorage.getItem(WINDOW_KEY) ?? '';
}

/** Exchanges the token in the address for the session; without one, the session of before a reload goes on. */
async function openSession(): Promise<void> {
  const token = location.hash.slice(1);
  if (token === '') return;
  history.replaceState(null, '', location.pathname);
  const response = await fetch('session', { method: 'POST', body: token });
  if (response.ok) sessionStorage.setItem(WINDOW_KEY, await response.text());
}
