/** Programs that work file by file: each changed file from the old file that it is most like, or from nothing. */

import type { Rival } from './rival.ts';
import { costOf } from './script.ts';
import { filesDifference, folderBytes, type Workplace } from './workplace.ts';

interface FileRivalOptions {
  readonly name: string;
  readonly packages: readonly string[];
  /** Shell commands for file `$i`. */
  readonly make: string;
  readonly apply: string;
  /** For a file without an old one. */
  readonly compress?: string;
  readonly decompress?: string;
}

/** xdelta3 looks no further back than this: all of the old file, and no less than it wants. */
const WINDOW = '-B $(($(stat -c %s old/$i) + 524288))';

const FROM_NOTHING = { compress: 'xz -9 -c new/$i > out/$i', decompress: 'xz -dc out/$i > back/$i' };

function fileRival(options: FileRivalOptions): Rival {
  const { name, packages, make, apply, compress, decompress } = { ...FROM_NOTHING, ...options };
  const loops = (based: string, fresh: string): string =>
    `while read -r i; do ${based}; done < based\nwhile read -r i; do ${fresh}; done < fresh`;
  const run = (place: Workplace) => {
    const made = costOf(loops(make, compress), place.folder);
    const bytes = folderBytes(`${place.folder}/out`);
    const applied = costOf(loops(apply, decompress), place.folder);
    return { bytes, make: made, apply: applied, wrong: filesDifference(place) };
  };
  return { name, packages, recipe: [make, apply, compress, decompress].join('; '), run };
}

const raw: Rival = {
  name: 'raw',
  packages: [],
  recipe: 'the changed files as they are, each content once',
  run: ({ changes }) => ({ bytes: changes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), wrong: '' }),
};

const XZ = {
  make: 'tar -C new --sort=name --mtime=@0 --owner=0 --group=0 -cf - . | xz -9 > out/tar.xz',
  apply: 'xz -dc out/tar.xz | tar -C back -xf -',
};
const xz: Rival = {
  name: 'xz -9',
  packages: ['xz-utils', 'tar'],
  recipe: `${XZ.make}; ${XZ.apply}`,
  run(place) {
    const make = costOf(XZ.make, place.folder);
    const bytes = folderBytes(`${place.folder}/out`);
    const apply = costOf(XZ.apply, place.folder);
    return { bytes, make, apply, wrong: filesDifference(place) };
  },
};

export const FILE_RIVALS: readonly Rival[] = [
  raw,
  xz,
  fileRival({
    name: 'bsdiff',
    packages: ['bsdiff', 'xz-utils'],
    make: 'bsdiff old/$i new/$i out/$i',
    apply: 'bspatch old/$i back/$i out/$i',
  }),
  fileRival({
    name: 'xdelta3',
    packages: ['xdelta3', 'xz-utils'],
    make: `xdelta3 -q -e -9 -S lzma ${WINDOW} -s old/$i new/$i out/$i`,
    apply: `xdelta3 -q -d ${WINDOW} -s old/$i out/$i back/$i`,
  }),
  fileRival({
    name: 'zstd',
    packages: ['zstd'],
    make: 'zstd -q -19 --long=31 --patch-from=old/$i new/$i -o out/$i',
    apply: 'zstd -q -d --long=31 --patch-from=old/$i out/$i -o back/$i',
    compress: 'zstd -q -19 --long=31 new/$i -o out/$i',
    decompress: 'zstd -q -d --long=31 out/$i -o back/$i',
  }),
];
