import type { ActivityTransport } from '../../service/api/activity.ts';
import { BridgeTransport } from './bridge.ts';

declare global {
  interface Window {
    /** Put there by the preload, in Electron only. */
    readonly ripple?: ActivityTransport;
  }
}

/** The way to the main process: what the preload gave, or else the bridge that served this page. */
export function connectTransport(): ActivityTransport {
  return window.ripple ?? new BridgeTransport();
}
