/**
 * Which mount points are of media that a person plugs in, by what UDisks2 manages (its D-Bus reference: interfaces
 * `Block`, `Drive`, `Filesystem`). Pure. Whatever does not have the shape that is described there is passed over.
 */
const NAME = 'org.freedesktop.UDisks2';
/** Where a drive is missing, UDisks2 names the root. */
const NONE = '/';

/**
 * From the answer of `GetManagedObjects`, values as the wire gives them. `ours`: mount points of this machine's own disk,
 * which may be a card or a stick itself. In an order of their own, each once.
 */
export function removableMounts(managed: unknown, ours: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const path of keys(managed)) {
    const mounts = mountPoints(property(managed, path, 'Filesystem', 'MountPoints'));
    if (mounts.length === 0 || mounts.some((mount) => ours.includes(mount))) continue;
    if (isRemovable(managed, driveOf(managed, path))) for (const mount of mounts) found.add(mount);
  }
  return [...found].sort();
}

/** Of an unlocked container the drive is that of what it lies on. */
function driveOf(managed: unknown, block: string): string {
  const own = property(managed, block, 'Block', 'Drive');
  if (typeof own === 'string' && own !== NONE) return own;
  const backing = property(managed, block, 'Block', 'CryptoBackingDevice');
  const below = typeof backing === 'string' ? property(managed, backing, 'Block', 'Drive') : undefined;
  return typeof below === 'string' ? below : NONE;
}

/** A disk in a USB case is removable, too, though its drive says that the medium is not. */
function isRemovable(managed: unknown, drive: string): boolean {
  const of = (name: string): unknown => property(managed, drive, 'Drive', name);
  return of('Removable') === true || of('MediaRemovable') === true || of('ConnectionBus') === 'usb';
}

/** Byte strings with a NUL at the end. One that is no UTF-8, or no absolute path, is left out. */
function mountPoints(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((bytes: unknown) => {
    if (!(bytes instanceof Uint8Array)) return [];
    const end = bytes.indexOf(0);
    try {
      const path = new TextDecoder('utf-8', { fatal: true }).decode(end < 0 ? bytes : bytes.subarray(0, end));
      return path.startsWith('/') ? [path] : [];
    } catch {
      return [];
    }
  });
}

function property(managed: unknown, path: string, iface: string, name: string): unknown {
  return member(member(member(member(managed, path), `${NAME}.${iface}`), name), 'value');
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}

function keys(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
