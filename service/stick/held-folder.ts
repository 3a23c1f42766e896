/**
 * A folder on something that can be pulled out. It is opened once, and everything is reached through that descriptor: a
 * path would lead to the empty folder below the mount point once the stick is gone, and fill the machine's own disk.
 */
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RippleError, reasonOf } from '../api/errors.ts';
import { syncOpenFileSystem } from '../sys/libc.ts';

export class HeldFolder {
  /** As it was given. */
  readonly name: string;
  readonly #fd: number;

  /** @throws RippleError `IoError` when there is no such folder */
  constructor(name: string) {
    this.name = name;
    try {
      this.#fd = openSync(name, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      throw new RippleError('IoError', `cannot open the folder ${name}: ${reasonOf(error)}; is the stick mounted?`);
    }
  }

  /** A path that leads to this very folder as long as it is open. */
  get path(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /** @throws RippleError `IoError` when something else, or nothing, is at its name now */
  requirePresent(): void {
    const held = fstatSync(this.#fd);
    const now = statSync(this.name, { throwIfNoEntry: false });
    if (now?.dev !== held.dev || now.ino !== held.ino)
      throw new RippleError(
        'IoError',
        `${this.name} went away; plug the stick in and run the same again: what came is kept`,
      );
  }

  /** Makes a folder below, one by one. @throws RippleError `IoError` when a link, or a file, is in its place */
  makeFolder(relative: string): string {
    let at = this.path;
    let told = this.name;
    for (const part of relative.split('/')) {
      at = join(at, part);
      told = join(told, part);
      if (!lstatSync(at, { throwIfNoEntry: false })) mkdirSync(at, { mode: 0o755 });
      if (!lstatSync(at).isDirectory()) throw new RippleError('IoError', `${told} is not a folder; remove it`);
    }
    return at;
  }

  /** All that was written to its file system is on the medium when this resolves. */
  sync(): Promise<void> {
    return syncOpenFileSystem(this.#fd, this.name);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
