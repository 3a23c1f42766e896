/**
 * The D-Bus interfaces, described once. The client's types, the service's checks and
 * `assets/dbus/org.laptop.Ripple1.xml` all come from here.
 */
export const BUS_NAME = 'org.laptop.Ripple1';
export const OBJECT_PATH = '/org/laptop/Ripple1';
export const UPDATER_INTERFACE = 'org.laptop.Ripple1.Updater';
export const CLASSROOM_INTERFACE = 'org.laptop.Ripple1.Classroom';
export const ERROR_PREFIX = 'org.laptop.Ripple1.Error.';

/** polkit actions are `org.laptop.ripple1.` plus one of these. */
export const POLKIT_PREFIX = 'org.laptop.ripple1.';
export type PolkitAction = 'check' | 'update' | 'defer' | 'rollback' | 'manage' | 'order';

/** A value inside a variant, with its signature: any one complete type, for others may send more than we describe. */
export interface Variant {
  readonly signature: string;
  readonly value: unknown;
}
export type VariantDict = Readonly<Record<string, Variant>>;

/** Every signature this interface uses, and the TypeScript value it stands for. 64-bit integers are BigInt. */
export interface SignatureTypes {
  s: string;
  b: boolean;
  u: number;
  t: bigint;
  x: bigint;
  ay: Uint8Array;
  as: readonly string[];
  'a{ss}': Readonly<Record<string, string>>;
  'a{st}': Readonly<Record<string, bigint>>;
  'a{sv}': VariantDict;
  'aa{sv}': readonly VariantDict[];
}
export type Signature = keyof SignatureTypes;

export interface ArgumentDescription {
  readonly name: string;
  readonly signature: Signature;
}
export interface MethodDescription {
  readonly in: readonly ArgumentDescription[];
  readonly out: readonly ArgumentDescription[];
  /** The polkit action a caller needs. */
  readonly action: PolkitAction;
  readonly doc: string;
}
export interface InterfaceDescription {
  readonly name: string;
  readonly properties: Readonly<Record<string, { readonly signature: Signature; readonly doc: string }>>;
  readonly methods: Readonly<Record<string, MethodDescription>>;
  readonly signals: Readonly<Record<string, { readonly args: readonly ArgumentDescription[]; readonly doc: string }>>;
}

const options = { name: 'options', signature: 'a{sv}' } as const;
const version = { name: 'version', signature: 'u' } as const;

export const UPDATER = {
  name: UPDATER_INTERFACE,
  properties: {
    State: { signature: 's', doc: 'idle, checking, available, fetching, staging, ready, restarting or failed' },
    Image: { signature: 's', doc: 'The image this laptop follows' },
    BootedVersion: { signature: 'u', doc: 'The version that runs now; 0 when it is not a deployment' },
    CurrentVersion: { signature: 'u', doc: 'The version chosen for the next boot' },
    PreviousVersion: { signature: 'u', doc: 'The fallback; 0: none' },
    StagedVersion: { signature: 'u', doc: 'Written and verified but not chosen; 0: none' },
    Versions: {
      signature: 'aa{sv}',
      doc: 'version u, severity s, notes a{ss}, released s, downloadSize t, sources as, local b',
    },
    Peers: {
      signature: 'aa{sv}',
      doc: 'id s, name s, colours s, role s, version u, state s, givenBytes t, lastSeen x',
    },
    Progress: {
      signature: 'a{sv}',
      doc: 'version u, phase s, doneBytes t, totalBytes t, fromPeers a{st}, etaSeconds u',
    },
    Order: {
      signature: 'a{sv}',
      doc: 'The order that stands, empty when none: version u, epoch t, when s, deadline x, classes as, waits s',
    },
    DeferredUntil: {
      signature: 'x',
      doc: 'Unix time until which the update was put off; 0: not; -1: until the next start',
    },
    RestartRequired: { signature: 'b', doc: 'A version other than the booted one is chosen for the next boot' },
    LastError: { signature: 'a{sv}', doc: 'code s, message s; empty strings when all is well' },
    DaemonVersion: { signature: 's', doc: 'Version of the daemon' },
  },
  methods: {
    Check: { in: [options], out: [], action: 'check', doc: 'Look around for newer versions; options: origin s' },
    Fetch: {
      in: [version, options],
      out: [],
      action: 'update',
      doc: 'Get a version and write it beside the running one',
    },
    Accept: {
      in: [version, options],
      out: [],
      action: 'update',
      doc: 'Choose a staged version; options: when = "now", "next-boot" or a unix time',
    },
    Defer: { in: [version, options], out: [], action: 'defer', doc: 'Put a version off; options: until x' },
    Rollback: { in: [options], out: [], action: 'rollback', doc: 'Choose the previous version for the next boot' },
    Cancel: { in: [], out: [], action: 'update', doc: 'Stop what is being fetched; what came is kept' },
    Verify: {
      in: [],
      out: [
        { name: 'checked', signature: 'u' },
        { name: 'damaged', signature: 'u' },
      ],
      action: 'check',
      doc: 'Hash every file of the current deployment again',
    },
    Repair: {
      in: [],
      out: [{ name: 'repaired', signature: 'u' }],
      action: 'update',
      doc: 'Fetch damaged files again and replace them',
    },
    Restart: { in: [], out: [], action: 'update', doc: 'Restart the laptop into the chosen version' },
  },
  signals: {
    UpdateAvailable: { args: [version, { name: 'info', signature: 'a{sv}' }], doc: 'A newer version was found' },
    UpdateReady: { args: [version, { name: 'info', signature: 'a{sv}' }], doc: 'A version is staged' },
    UpdateFailed: {
      args: [version, { name: 'code', signature: 's' }, { name: 'message', signature: 's' }],
      doc: 'It did not work; the laptop is as before',
    },
    RolledBack: {
      args: [
        { name: 'from', signature: 'u' },
        { name: 'to', signature: 'u' },
        { name: 'reason', signature: 's' },
      ],
      doc: 'The laptop went back',
    },
    OrderReceived: { args: [{ name: 'order', signature: 'a{sv}' }], doc: 'A verified order arrived' },
    StateChanged: {
      args: [
        { name: 'old', signature: 's' },
        { name: 'new', signature: 's' },
      ],
      doc: 'State went from one to another',
    },
  },
} as const satisfies InterfaceDescription;

/** On a school server and on a teacher's laptop. */
export const CLASSROOM = {
  name: CLASSROOM_INTERFACE,
  properties: {
    Laptops: {
      signature: 'aa{sv}',
      doc: 'id s, name s, colours s, version u, state s, progress u, lastSeen x, stuck b, error s',
    },
  },
  methods: {
    PublishOrder: {
      in: [{ name: 'order', signature: 'ay' }],
      out: [],
      action: 'order',
      doc: 'Check a signed order, keep it and hand it on to the class',
    },
  },
  signals: {
    LaptopChanged: { args: [{ name: 'laptop', signature: 'a{sv}' }], doc: 'What is known of one laptop changed' },
  },
} as const satisfies InterfaceDescription;

export type ValuesOf<Args extends readonly ArgumentDescription[]> = {
  readonly [I in keyof Args]: SignatureTypes[Args[I]['signature']];
};

export type PropertyName = keyof typeof UPDATER.properties;
export type MethodName = keyof typeof UPDATER.methods;
export type SignalName = keyof typeof UPDATER.signals;
export type Properties = { readonly [P in PropertyName]: SignatureTypes[(typeof UPDATER.properties)[P]['signature']] };
export type MethodIn<M extends MethodName> = ValuesOf<(typeof UPDATER.methods)[M]['in']>;
export type MethodOut<M extends MethodName> = ValuesOf<(typeof UPDATER.methods)[M]['out']>;
export type SignalArgs<S extends SignalName> = ValuesOf<(typeof UPDATER.signals)[S]['args']>;
export type ClassroomProperties = {
  readonly [P in keyof typeof CLASSROOM.properties]: SignatureTypes[(typeof CLASSROOM.properties)[P]['signature']];
};
