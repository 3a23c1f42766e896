/** The Electron shell: one sandboxed window, the page from a scheme of its own, and the channels of `channels.ts`. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, ipcMain, protocol, session, type WebContents } from 'electron';
import { parseCall } from '../service/api/activity.ts';
import { Activity } from './activity.ts';
import { CHANNELS } from './channels.ts';
import { parseOptions } from './options.ts';
import { PAGE_HEADERS, pageFile } from './page.ts';
import { stateFile } from './state-file.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const SCHEME = 'ripple';
const PAGE = `${SCHEME}://activity/`;

protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true } }]);
app.enableSandbox();

async function servePage(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const file = request.method === 'GET' && url.host === 'activity' ? await pageFile(url.pathname) : undefined;
  if (!file) return new Response('not found', { status: 404, headers: PAGE_HEADERS });
  return new Response(file.body, { headers: { ...PAGE_HEADERS, 'Content-Type': file.type } });
}

/** Nothing may lead the window away from the page, open another, or get a permission. */
function lock(contents: WebContents): void {
  contents.on('will-navigate', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

function openWindow(activity: Activity): void {
  const window = new BrowserWindow({
    width: 1200,
    height: 900,
    autoHideMenuBar: true,
    title: 'Ripple',
    webPreferences: {
      preload: join(HERE, 'preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
    },
  });
  /** IPC from a window or a frame that is not the page itself is refused. */
  const isOurs = (frame: Electron.WebFrameMain | null): boolean =>
    !window.isDestroyed() && frame === window.webContents.mainFrame && frame.url.startsWith(PAGE);

  let stop: (() => void) | undefined;
  ipcMain.on(CHANNELS.subscribe, (event) => {
    if (!isOurs(event.senderFrame)) return;
    stop?.();
    stop = activity.subscribe((snapshot) => window.webContents.send(CHANNELS.snapshot, snapshot));
  });
  ipcMain.handle(CHANNELS.call, (event, value: unknown) => {
    const call = isOurs(event.senderFrame) ? parseCall(value) : undefined;
    return call ? activity.call(call) : { ok: false, code: 'InvalidArgument' };
  });
  window.on('closed', () => stop?.());
  void window.loadURL(PAGE);
}

// Electron puts its own arguments first; ours begin after the script.
const options = parseOptions(process.argv.slice(process.argv.findIndex((arg) => arg.endsWith('electron.js')) + 1));
const activity = new Activity({ bus: options.bus, stateFile: stateFile() });
app.on('web-contents-created', (_event, contents) => lock(contents));
app.on('window-all-closed', () => app.quit());
app.on('will-quit', () => void activity.close());

/** One instance: a second start brings the window of the first to the front. */
app.on('second-instance', () => {
  const [window] = BrowserWindow.getAllWindows();
  if (window?.isMinimized()) window.restore();
  window?.focus();
});

// Not awaited here: Electron is ready only after this module was loaded to its end.
if (!app.requestSingleInstanceLock()) app.quit();
else
  void app.whenReady().then(() => {
    // "Copy details" writes to the clipboard; nothing else is asked for, and nothing else is given.
    session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) =>
      answer(permission === 'clipboard-sanitized-write'),
    );
    protocol.handle(SCHEME, servePage);
    void activity.start();
    openWindow(activity);
  });
