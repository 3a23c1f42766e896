/** A private bus with a scripted updater exported on it, and what a test needs to call it. */
import type { TestContext } from 'node:test';
import { UpdaterClient } from '../../dbus/client.ts';
import { type BusConnection, connectBus } from '../../dbus/connection.ts';
import { type AuthoritySettings, BusAuthority } from '../../service/bus/authority.ts';
import { exportUpdater } from '../../service/bus/service.ts';
import type { Classroom } from '../../service/core/classroom.ts';
import type { Logger } from '../../service/core/ports.ts';
import { ScriptedUpdater } from '../../service/demo/scripted/scripted-updater.ts';
import { type PrivateBus, type PrivateBusSettings, startPrivateBus } from './private-bus.ts';

export interface LoggedLine {
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export class MemoryLogger implements Logger {
  readonly lines: LoggedLine[] = [];
  info(message: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.lines.push({ message, data });
  }
  warn(message: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.lines.push({ message, data });
  }
}

export interface UpdaterOnBus {
  readonly bus: PrivateBus;
  readonly connection: BusConnection;
  readonly updater: ScriptedUpdater;
  readonly logger: MemoryLogger;
  stop(): Promise<void>;
}

/** Who runs the test may call everything, unless `authority` says otherwise. */
export async function startUpdaterOnBus(
  authority: Partial<AuthoritySettings> = {},
  settings: PrivateBusSettings = {},
  classroom?: Classroom,
): Promise<UpdaterOnBus> {
  const bus = await startPrivateBus(settings);
  const connection = await connectBus(bus.address);
  const updater = new ScriptedUpdater();
  const logger = new MemoryLogger();
  const rights = new BusAuthority(connection, { group: '', allowSameUser: true, ...authority }, logger);
  await exportUpdater(connection, updater, rights, logger, classroom);
  return {
    bus,
    connection,
    updater,
    logger,
    async stop() {
      connection.close();
      await bus.stop();
    },
  };
}

/** As `startUpdaterOnBus`, with a client that is connected to it; both are gone after the test. */
export async function startWithClient(t: TestContext): Promise<UpdaterOnBus & { readonly client: UpdaterClient }> {
  const service = await startUpdaterOnBus();
  const client = await UpdaterClient.connect(service.bus.address);
  t.after(async () => {
    client.close();
    await service.stop();
  });
  return { ...service, client };
}

/** Resolves once the client's properties are as wanted. */
export function propertiesAre(client: UpdaterClient, wanted: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.onChange(check);
    function check(): void {
      if (!wanted()) return;
      stop();
      resolve();
    }
    check();
  });
}
