/** What the sandboxed window of Electron gets to see of it: two functions, and values that were copied. */
import { contextBridge, ipcRenderer } from 'electron';
import type { ActivityTransport } from '../service/api/activity.ts';
import { CHANNELS } from './channels.ts';

const transport: ActivityTransport = {
  subscribe(listener) {
    ipcRenderer.on(CHANNELS.snapshot, (_event, snapshot) => listener(snapshot));
    ipcRenderer.send(CHANNELS.subscribe);
  },
  call: (call) => ipcRenderer.invoke(CHANNELS.call, call),
};
contextBridge.exposeInMainWorld('ripple', transport);
