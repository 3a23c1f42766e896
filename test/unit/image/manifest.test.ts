import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ByteString, Entry, FileEntry } from '../../../service/core/entry.ts';
import { formatManifest, parseManifest } from '../../../service/image/manifest.ts';
import { setTimes } from '../../../service/sys/libc.ts';
import { type Random, seeded } from '../../helpers/random.ts';
import { tempFolder } from '../../helpers/temp.ts';

const HASH = 'a'.repeat(64);

test('the manifest of every kind of entry reads as the format says', () => {
  const base = { mode: 0o755, uid: 0, gid: 4294967294, timeNs: -1n };
  const file: FileEntry = {
    ...base,
    path: './ping',
    type: 'file',
    mode: 0o4755,
    sizeBytes: 3,
    sha256: HASH,
    sparse: true,
    xattrs: [
      { name: 'user.b', value: Buffer.alloc(0) },
      { name: 'security.capability', value: Buffer.from([1, 0]) },
    ],
  };
  const text = formatManifest([
    file,
    { ...file, path: './ping2', hardLinkOf: './ping' },
    { ...base, path: '.', type: 'dir', mode: 0 },
    { ...base, path: './null', type: 'char', device: 0x103 },
    { ...base, path: './disk', type: 'block', device: 0x801 },
    { ...base, path: './fifo', type: 'fifo' },
    { ...base, path: './a link\n', type: 'link', target: '../usr/caf\xe9 #' },
  ]).toString('latin1');
  const rest = 'uid=0 gid=4294967294 time=-1.999999999';
  const xattrs = ['#ripple: xattr=security.capability:AQA=', '#ripple: xattr=user.b:'];
  assert.equal(
    text,
    [
      '#mtree v2.0',
      `. type=dir mode=0000 ${rest}`,
      `./a\\040link\\012 type=link mode=0755 ${rest} link=../usr/caf\\351\\040\\043`,
      `./disk type=block mode=0755 ${rest} device=0x801`,
      `./fifo type=fifo mode=0755 ${rest}`,
      `./null type=char mode=0755 ${rest} device=0x103`,
      '#ripple: sparse',
      ...xattrs,
      `./ping type=file mode=04755 ${rest} size=3 sha256=${HASH}`,
      '#ripple: hardlink=./ping',
      '#ripple: sparse',
      ...xattrs,
      `./ping2 type=file mode=04755 ${rest} size=3 sha256=${HASH}`,
      '',
    ].join('\n'),
  );
});

function randomName(random: Random): ByteString {
  const length = 1 + random.integer(6);
  const name = random.bytes(length).toString('latin1').replace(/[/\0]/g, '-');
  return name === '.' || name === '..' ? 'dot' : name;
}

/** A tree of anything that a manifest can hold, in no order. */
function randomEntries(random: Random): Entry[] {
  const base = () => {
    const names = [...new Set(Array.from({ length: random.integer(3) }, () => `user.${randomName(random)}`))].sort();
    return {
      mode: random.integer(0o10000),
      uid: random.integer(2 ** 32 - 1),
      gid: random.integer(2 ** 32 - 1),
      timeNs: BigInt(random.integer(2 ** 32)) * 1_000_000_007n - 10n ** 18n,
      ...(names.length > 0 && { xattrs: names.map((name) => ({ name, value: random.bytes(random.integer(40)) })) }),
    };
  };
  const folders: [ByteString, ...ByteString[]] = ['.'];
  const entries = new Map<ByteString, Entry>([['.', { ...base(), path: '.', type: 'dir' }]]);
  for (let i = 0; i < 60; i++) {
    const path = `${random.pick(folders)}/${randomName(random)}`;
    if (entries.has(path)) continue;
    const type = random.pick(['file', 'hardlink', 'dir', 'link', 'fifo', 'char', 'block']);
    const first = [...entries.values()].find(
      (entry) => entry.type === 'file' && entry.path < path && !entry.hardLinkOf,
    );
    if (type === 'dir') {
      folders.push(path);
      entries.set(path, { ...base(), path, type });
    } else if (type === 'link') entries.set(path, { ...base(), path, type, target: randomName(random) });
    else if (type === 'char' || type === 'block')
      entries.set(path, { ...base(), path, type, device: random.integer(2 ** 32) });
    else if (type === 'fifo') entries.set(path, { ...base(), path, type });
    else if (type === 'hardlink' && first?.type === 'file')
      entries.set(path, { ...first, path, hardLinkOf: first.path });
    else {
      const sha256 = random.bytes(32).toString('hex');
      const sizeBytes = random.integer(2 ** 48);
      entries.set(path, {
        ...base(),
        path,
        type: 'file',
        sizeBytes,
        sha256,
        ...(random.integer(2) && { sparse: true }),
      });
    }
  }
  return [...entries.values()].sort(() => random.integer(3) - 1);
}

test('format → parse → format gives the same bytes, and parse the same entries, for any tree in any order', () => {
  for (let seed = 0; seed < 200; seed++) {
    const entries = randomEntries(seeded(seed));
    const bytes = formatManifest(entries);
    const parsed = parseManifest(bytes);
    assert.deepEqual(formatManifest(parsed), bytes, `seed ${seed}`);
    const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
    assert.deepEqual(parsed, sorted, `seed ${seed}`);
  }
});

test('a broken manifest gives InvalidArgument and nothing else, whatever is broken', () => {
  let refusals = 0;
  for (let seed = 0; seed < 1500; seed++) {
    const random = seeded(seed);
    const bytes = Buffer.from(formatManifest(randomEntries(seeded(seed % 20))));
    const at = random.integer(bytes.length);
    const other = random.integer(bytes.length);
    const mutations: [() => Buffer, ...(() => Buffer)[]] = [
      () => bytes.fill(random.integer(256), at, at + 1),
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(other)]),
      () => Buffer.concat([bytes.subarray(0, at), random.bytes(8), bytes.subarray(at)]),
      () => Buffer.concat([bytes, bytes.subarray(at)]),
      () => random.bytes(200),
    ];
    try {
      parseManifest(random.pick(mutations)());
    } catch (error) {
      assert.ok(
        error instanceof Error && 'code' in error && error.code === 'InvalidArgument',
        `seed ${seed}: ${error}`,
      );
      assert.doesNotMatch(error.message, /\n/, `seed ${seed}`);
      refusals++;
    }
  }
  assert.ok(refusals > 1000);
});

test('a stock mtree reads every byte in names and link targets as we wrote it', (t) => {
  const folder = tempFolder(t);
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const at = (path: ByteString): Buffer => Buffer.from(`${folder}/${path}`, 'latin1');
  const entries: Entry[] = [];
  const add = (path: ByteString, rest: { type: 'dir' } | { type: 'link'; target: ByteString } | FileRest): void => {
    setTimes(at(path), -500_000_000n);
    entries.push({ path, mode: rest.type === 'link' ? 0o777 : 0o700, uid, gid, timeNs: -500_000_000n, ...rest });
  };
  type FileRest = Pick<FileEntry, 'type' | 'sizeBytes' | 'sha256'>;
  for (let code = 1; code < 256; code++) {
    const byte = String.fromCharCode(code);
    if (byte === '/') continue;
    for (const name of [`./${byte}x`, `./7${byte}7`, `./[${byte}]`, `./\\${byte}*`]) {
      const content = Buffer.from(`content of ${name}`, 'latin1');
      const sha256 = createHash('sha256').update(content).digest('hex');
      writeFileSync(at(name), content, { mode: 0o700 });
      add(name, { type: 'file', sizeBytes: content.length, sha256 });
    }
    symlinkSync(Buffer.from(`to ${byte}0`, 'latin1'), at(`./link${code}`));
    add(`./link${code}`, { type: 'link', target: `to ${byte}0` });
  }
  for (const name of ['./ d', './ d*', './ d*/\\[', './ d*/\\[/\\', './ d*/\\[/\\/?']) {
    mkdirSync(at(name), { mode: 0o700 });
    entries.push({ path: name, mode: 0o700, uid, gid, timeNs: -500_000_000n, type: 'dir' });
  }
  for (const { path } of entries) setTimes(at(path), -500_000_000n);
  add('.', { type: 'dir' });
  assert.equal(lstatSync(folder).mode & 0o7777, 0o700);
  const manifest = join(tempFolder(t), 'manifest');
  writeFileSync(manifest, formatManifest(entries));
  const judge = spawnSync('mtree', ['-f', manifest, '-p', folder], { encoding: 'latin1' });
  assert.equal((judge.stdout + judge.stderr).slice(0, 1000), '');
  assert.equal(judge.status, 0);

  writeFileSync(at('./7*7'), 'content of ./7+7');
  setTimes(at('./7*7'), -500_000_000n);
  const differs = spawnSync('mtree', ['-f', manifest, '-p', folder], { encoding: 'latin1' });
  assert.match(differs.stdout, /sha256/);
  assert.equal(differs.status, 2);
});
