/**
 * In place of the module `electron` where its binary cannot be had: it keeps what the main process asks for, in the shapes of
 * Electron's own types, and lets a test say what Electron would. `useElectronStandIn` makes Node find it under that name.
 */
import { EventEmitter } from 'node:events';
import { register } from 'node:module';
import type {
  BrowserWindowConstructorOptions,
  CustomScheme,
  HandlerDetails,
  IpcMainEvent,
  IpcMainInvokeEvent,
  Protocol,
  Session,
  WebContents,
  WebFrameMain,
  WindowOpenHandlerResponse,
} from 'electron';

export function useElectronStandIn(): void {
  const hook = `export const resolve = (name, context, next) =>
    name === 'electron' ? { url: ${JSON.stringify(import.meta.url)}, shortCircuit: true } : next(name, context);`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}

type Frame = Pick<WebFrameMain, 'url'>;
type FrameEvent = { readonly senderFrame: Frame | null };
type Invoked = (event: FrameEvent, ...args: readonly unknown[]) => unknown;

/** What a listener of `will-navigate` gets, and whether it said no. */
export class NavigationEvent {
  prevented = false;
  preventDefault(): void {
    this.prevented = true;
  }
}

class StandInContents extends EventEmitter {
  readonly mainFrame: Frame = { url: '' };
  readonly sent: (readonly [channel: string, value: unknown])[] = [];
  openHandler: ((details: HandlerDetails) => WindowOpenHandlerResponse) | undefined;
  send(...[channel, value]: Parameters<WebContents['send']>): void {
    this.sent.push([channel, value]);
  }
  setWindowOpenHandler(...[handler]: Parameters<WebContents['setWindowOpenHandler']>): void {
    this.openHandler = handler;
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = [];
  static getAllWindows(): readonly BrowserWindow[] {
    return BrowserWindow.all;
  }
  readonly options: BrowserWindowConstructorOptions;
  readonly webContents = new StandInContents();
  destroyed = false;
  minimized = false;
  focused = 0;

  constructor(options: BrowserWindowConstructorOptions) {
    super();
    this.options = options;
    BrowserWindow.all.push(this);
    // Electron tells of the contents while it makes the window.
    app.emit('web-contents-created', {}, this.webContents);
  }
  async loadURL(url: string): Promise<void> {
    Object.assign(this.webContents.mainFrame, { url });
  }
  isDestroyed(): boolean {
    return this.destroyed;
  }
  isMinimized(): boolean {
    return this.minimized;
  }
  restore(): void {
    this.minimized = false;
  }
  focus(): void {
    this.focused += 1;
  }
}

class StandInApp extends EventEmitter {
  /** In the order of the calls. */
  readonly asked: string[] = [];
  #ready: () => void = () => {};
  readonly #whenReady = new Promise<void>((resolve) => {
    this.#ready = resolve;
  });
  enableSandbox(): void {
    this.asked.push('enableSandbox');
  }
  requestSingleInstanceLock(): boolean {
    this.asked.push('requestSingleInstanceLock');
    return true;
  }
  quit(): void {
    this.asked.push('quit');
  }
  whenReady(): Promise<void> {
    return this.#whenReady;
  }
  becomeReady(): void {
    this.asked.push('ready');
    this.#ready();
  }
}
export const app = new StandInApp();

export const protocol = {
  schemes: [] as CustomScheme[],
  handlers: new Map<string, (request: Request) => Response | Promise<Response>>(),
  registerSchemesAsPrivileged(...[schemes]: Parameters<Protocol['registerSchemesAsPrivileged']>): void {
    app.asked.push('registerSchemesAsPrivileged');
    this.schemes.push(...schemes);
  },
  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void {
    this.handlers.set(scheme, handler);
  },
};

type PermissionHandler = NonNullable<Parameters<Session['setPermissionRequestHandler']>[0]>;
export const session = {
  defaultSession: {
    permission: undefined as PermissionHandler | undefined,
    setPermissionRequestHandler(...[handler]: Parameters<Session['setPermissionRequestHandler']>): void {
      this.permission = handler ?? undefined;
    },
  },
};

class StandInIpcMain extends EventEmitter {
  readonly handlers = new Map<string, Invoked>();
  handle(channel: string, handler: Invoked): void {
    this.handlers.set(channel, handler);
  }
  /** As `ipcRenderer.send` from that frame. */
  sendFrom(senderFrame: Pick<IpcMainEvent, 'senderFrame'>['senderFrame'] | Frame, channel: string): void {
    this.emit(channel, { senderFrame });
  }
  /** As `ipcRenderer.invoke` from that frame. */
  async invokeFrom(
    senderFrame: Pick<IpcMainInvokeEvent, 'senderFrame'>['senderFrame'] | Frame,
    channel: string,
    value: unknown,
  ): Promise<unknown> {
    return this.handlers.get(channel)?.({ senderFrame }, value);
  }
}
export const ipcMain = new StandInIpcMain();
