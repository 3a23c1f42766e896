/** A USB stick as a person makes it: FAT, written by `ripple usb export`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rippleOk } from '../../helpers/ripple.ts';
import { command } from './command.ts';

/** Beside what is on it; FAT gives each file whole clusters. */
const ROOM_BYTES = 64 << 20;

/** The newest version that `repository` has now, on a stick in a file. Answers the file, in `folder`. */
export async function makeStick(repository: string, folder: string): Promise<string> {
  const [content, stick] = [join(folder, 'on-the-stick'), join(folder, 'stick')];
  mkdirSync(content);
  await rippleOk(['usb', 'export', content, '--repo', repository]);
  const bytes = Number(execFileSync('du', ['-sB1', content], { encoding: 'utf8' }).split('\t')[0]);
  writeFileSync(stick, '');
  truncateSync(stick, bytes + ROOM_BYTES);
  await command('mkfs.vfat', ['-F', '32', stick]);
  const parts = readdirSync(content).map((name) => join(content, name));
  await command('mcopy', ['-s', '-i', stick, ...parts, '::']);
  rmSync(content, { recursive: true });
  return stick;
}
