/** Versions 6 to 9 of one image, as the story of the boot test needs them. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { changeKernel, type DebianParts, makeImage } from './debian-image.ts';
import { dracutInitramfses } from './dracut.ts';
import { School } from './school.ts';
import { makeStick } from './stick.ts';
import { changeFile, copyTree, wholeSeconds } from './trees.ts';

export interface World {
  readonly school: School;
  /** Initramfses for 6 and 7 that dracut made. */
  readonly dracut: readonly string[];
  /** Resolves when the tree of 9 is there, which takes its time. */
  readonly nine: Promise<void>;
  /** A stick with version 7 on it; until it is made, 7 must stay the newest. */
  readonly stick: Promise<string>;
}

/** Big enough that there is a while in which it is fetched. */
const NEW_CONTENT_BYTES = 6_000_000;

/**
 * - 6: what laptops are on;
 * - 7: other files, some of them in /etc;
 * - 8: as 7, with an init that dies;
 * - 9: as 7, with another kernel.
 *
 * 6 and 7 are published.
 */
export async function foundWorld(folder: string, parts: DebianParts, say: (line: string) => void): Promise<World> {
  const school = await School.found(folder);
  say('making version 6');
  const [six, seven, eight] = [school.tree(6), school.tree(7), school.tree(8)];
  await makeImage(six, parts, school.published.keyring);
  const dracut = await dracutInitramfses(six, folder);
  // No laptop here needs it.
  rmSync(join(six, 'usr/lib/dracut'), { recursive: true });
  mkdirSync(join(six, 'etc/test'));
  for (const name of ['mine', 'yours', 'ours']) changeFile(six, `etc/test/${name}`, 'of version 6\n');
  changeFile(six, 'usr/share/test/version', '6\n');
  await wholeSeconds(six);

  say('making versions 7, 8 and 9');
  await copyTree(six, seven, 'linked');
  for (const name of ['yours', 'ours']) changeFile(seven, `etc/test/${name}`, 'of version 7\n');
  changeFile(seven, 'usr/share/test/version', '7\n');
  changeFile(seven, 'usr/share/test/content', randomBytes(NEW_CONTENT_BYTES));
  await copyTree(seven, eight, 'linked');
  changeFile(eight, 'usr/share/test/version', '8\n');
  changeFile(eight, 'usr/sbin/init', '#!/bin/sh\necho "init of version 8 dies"\nexit 1\n');
  chmodSync(join(eight, 'usr/sbin/init'), 0o755);
  const nine = makeNine(school, parts);
  // Whoever waits for it hears of trouble.
  nine.catch(() => undefined);

  await school.publish(6);
  await school.publish(7);
  const stick = makeStick(school.published.repository, folder);
  stick.catch(() => undefined);
  await school.server.start();
  return { school, dracut, nine, stick };
}

async function makeNine(school: School, parts: DebianParts): Promise<void> {
  const nine = school.tree(9);
  await copyTree(school.tree(7), nine, 'whole');
  changeFile(nine, 'usr/share/test/version', '9\n');
  await changeKernel(nine, parts.newerKernel);
}

/** The release of a tree's kernel. */
export function kernelOf(tree: string): string {
  return execFileSync('ls', [join(tree, 'usr/lib/modules')], { encoding: 'utf8' }).trim();
}
