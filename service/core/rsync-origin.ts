/**
 * An rsync server as an origin: `rsync://HOST[:PORT][/PATH]`. Below it, each as a module or a folder of one, lie the tree of
 * each version (`xo.7`) and the repository (`ripple`). The one parser; what it lets through can be no option of a program.
 */

export interface RsyncOrigin {
  /** As written, without slashes at the end. */
  readonly url: string;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** Without slashes at its ends; may be empty. */
  readonly path: string;
}

const RSYNC_PORT = 873;
/** Beside the trees: documents, manifests and notes are taken from here. */
export const REPOSITORY_MODULE = 'ripple';

const URL_SHAPE =
  /^rsync:\/\/(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?))(?::([0-9]{1,5}))?\/?(.*)$/;
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const MAX_LENGTH = 1024;

/** `undefined` unless it is one: no user, no password, no query, no `..`. */
export function parseRsyncOrigin(url: string): RsyncOrigin | undefined {
  const match = url.length <= MAX_LENGTH ? URL_SHAPE.exec(url) : null;
  if (!match) return undefined;
  const [, six, name, port = `${RSYNC_PORT}`, rest = ''] = match;
  const host = six ?? name ?? '';
  const path = rest.replace(/\/+$/, '');
  const number = Number(port);
  if (number < 1 || number > 65_535) return undefined;
  if (path !== '' && !path.split('/').every((segment) => SEGMENT.test(segment))) return undefined;
  return { url: url.replace(/\/+$/, ''), host, port: number, path };
}

/** Where below the origin's host the tree of a version lies, or the repository: `path/xo.7`. */
export function belowOrigin({ path }: RsyncOrigin, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}
