/** Programs that work on whole trees; all of them are given the whole trees, before and after. */
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Rival } from './rival.ts';
import { costOf } from './script.ts';
import { treeDifference } from './tree-files.ts';
import type { Workplace } from './workplace.ts';

interface TreeRivalOptions {
  readonly name: string;
  readonly packages: readonly string[];
  /** Shell scripts; `$OLD` and `$NEW` are the trees. Not measured: what the two sides have before the update is made. */
  readonly prepare: string;
  readonly make?: string;
  readonly apply: string;
  /** Not measured: leaves in the folder `back` what the receiver now has. */
  readonly unpack?: string;
  readonly bytes: (folder: string) => number;
}

function treeRival({ name, packages, prepare, make, apply, unpack, bytes }: TreeRivalOptions): Rival {
  return {
    name,
    packages,
    recipe: [prepare, make, apply, unpack].filter((part) => part !== undefined).join('; '),
    run({ folder, pair }: Workplace): Outcome {
      const environment = { ...ENVIRONMENT, OLD: pair.old, NEW: pair.new, HOME: folder };
      const inner = join(folder, 'tree');
      mkdirSync(inner);
      costOf(prepare, inner, environment);
      const made = make === undefined ? undefined : costOf(make, inner, environment);
      const applied = costOf(apply, inner, environment);
      const size = bytes(inner);
      if (unpack !== undefined) costOf(unpack, inner, environment);
      const wrong = treeDifference(pair.new, join(inner, 'back'));
      return { bytes: size, ...(made ? { make: made } : {}), apply: applied, wrong };
    },
  };
}

const ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'bench',
  GIT_AUTHOR_EMAIL: 'bench',
  GIT_COMMITTER_NAME: 'bench',
  GIT_COMMITTER_EMAIL: 'bench',
  GIT_AUTHOR_DATE: '1700000000 +0000',
  GIT_COMMITTER_DATE: '1700000000 +0000',
};

const sizeOf = (folder: string, name: string): number => statSync(join(folder, name)).size;

const git = treeRival({
  name: 'git',
  packages: ['git'],
  prepare: [
    'git init -q --bare sender; git init -q --bare receiver',
    'add() { git -C "$1" -c core.compression=1 --git-dir="$PWD/sender" --work-tree="$1" add -A -f . && git -C sender write-tree; }',
    'git -C sender commit-tree -m old $(add "$OLD") > old',
    'git -C sender commit-tree -m new -p $(cat old) $(add "$NEW") > new',
    'git -C sender -c core.compression=1 pack-objects -q --window=0 --revs --stdout < old | git -C receiver index-pack --stdin > pack',
  ].join('\n'),
  make: 'printf "%s\\n^%s\\n" $(cat new) $(cat old) | git -C sender -c pack.threads=1 pack-objects -q --thin --delta-base-offset --revs --stdout > thin',
  apply: 'git -C receiver -c pack.threads=1 index-pack --fix-thin --stdin < thin > pack',
  unpack:
    'mkdir back; cd back; git --git-dir=../receiver --work-tree=. -c core.autocrlf=false checkout -q -f $(cat ../new) -- .',
  bytes: (folder) => sizeOf(folder, 'thin'),
});

const ostree = treeRival({
  name: 'ostree',
  packages: ['ostree', 'libostree-1-1'],
  prepare: [
    'for side in sender receiver; do ostree --repo=$side init --mode=bare; done',
    'ostree --repo=sender commit -b old --timestamp=@1700000000 --tree=dir="$OLD" > old',
    'ostree --repo=sender commit -b new --timestamp=@1700000001 --tree=dir="$NEW" > new',
    'ostree --repo=receiver pull-local sender $(cat old) > log',
  ].join('\n'),
  // Without the two sizes files above 4 MB are left out of the delta, to be fetched whole, and large ones are not compared.
  make: 'ostree --repo=sender static-delta generate --inline --min-fallback-size=0 --max-bsdiff-size=4096 --from=$(cat old) --to=$(cat new) --filename=delta > log',
  apply: 'ostree --repo=receiver static-delta apply-offline delta > log',
  unpack: 'ostree --repo=receiver checkout $(cat new) back',
  bytes: (folder) => sizeOf(folder, 'delta'),
});

const rsync = treeRival({
  name: 'rsync -z',
  packages: ['rsync'],
  prepare: 'cp -a "$OLD" back',
  apply: 'rsync -aHz --no-whole-file --fuzzy --delete --stats "$NEW/" back/ > stats',
  bytes(folder) {
    const stats = readFileSync(join(folder, 'stats'), 'utf8');
    const count = (name: string): number =>
      Number(new RegExp(`^Total bytes ${name}: ([0-9,]+)$`, 'm').exec(stats)?.[1]?.replaceAll(',', ''));
    return count('sent') + count('received');
  },
});

const casync = treeRival({
  name: 'casync',
  packages: ['casync'],
  prepare: 'casync make --store=had.castr had.caidx "$OLD" > log',
  make: 'casync make --store=all.castr new.caidx "$NEW" > log',
  apply: 'casync extract --store=all.castr --extra-store=had.castr new.caidx back',
  bytes(folder) {
    const had = new Set(chunksOf(join(folder, 'had.castr')).map(({ name }) => name));
    return chunksOf(join(folder, 'all.castr')).reduce(
      (sum, { name, bytes }) => (had.has(name) ? sum : sum + bytes),
      sizeOf(folder, 'new.caidx'),
    );
  },
});

function chunksOf(store: string): { name: string; bytes: number }[] {
  return readdirSync(store).flatMap((prefix) =>
    readdirSync(join(store, prefix)).map((name) => ({ name, bytes: sizeOf(join(store, prefix), name) })),
  );
}

export const TREE_RIVALS: readonly Rival[] = [git, ostree, rsync, casync];
