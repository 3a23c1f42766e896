import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { walkTree } from '../../../service/image/walk.ts';
import { setTimes, setXattr } from '../../../service/sys/libc.ts';
import { tempFolder } from '../../helpers/temp.ts';

test('a file that another process keeps writing is noticed and named', async (t) => {
  const tree = tempFolder(t);
  const log = join(tree, 'growing.log');
  writeFileSync(join(tree, 'large'), Buffer.alloc(20_000_000));
  const writer = spawn('sh', ['-c', 'i=0; while [ $i -lt 2000000 ]; do echo line; i=$((i+1)); done > "$1"', 'sh', log]);
  t.after(() => writer.kill('SIGKILL'));
  for (let i = 0; i < 1000 && !(existsSync(log) && statSync(log).size > 0); i++)
    await new Promise((r) => setTimeout(r, 5));
  await assert.rejects(walkTree(tree), { code: 'IoError', message: /growing\.log changed while it was read/ });
  writer.kill('SIGKILL');
  await once(writer, 'exit');
  await walkTree(tree);
});

test('whatever else changes before the end is noticed too', async (t) => {
  const changes: Record<string, (tree: string) => void> = {
    'a file gets other bytes and its old time back': (tree) => {
      const path = Buffer.from(join(tree, 'file'));
      const { mtimeNs } = statSync(path, { bigint: true });
      writeFileSync(path, 'BYTES');
      setTimes(path, mtimeNs);
    },
    'a file is replaced': (tree) => {
      writeFileSync(join(tree, '../new'), 'bytes');
      renameSync(join(tree, '../new'), join(tree, 'file'));
    },
    'a file is gone': (tree) => unlinkSync(join(tree, 'file')),
    'a file gets another mode': (tree) => chmodSync(join(tree, 'file'), 0o600),
    'a file gets an attribute': (tree) => setXattr(Buffer.from(join(tree, 'file')), 'user.new', Buffer.from('1')),
    'a folder gets a file': (tree) => writeFileSync(join(tree, 'folder', 'new'), ''),
    'a link gets another target': (tree) => {
      unlinkSync(join(tree, 'link'));
      symlinkSync('other', join(tree, 'link'));
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    const tree = join(tempFolder(t), 'tree');
    mkdirSync(join(tree, 'folder'), { recursive: true });
    writeFileSync(join(tree, 'file'), 'bytes', { mode: 0o644 });
    symlinkSync('target', join(tree, 'link'));
    let changed = false;
    const onProgress = ({ phase }: { phase: string }): void => {
      if (phase === 'hash' && !changed) change(tree);
      changed ||= phase === 'hash';
    };
    await assert.rejects(
      walkTree(tree, { onProgress }),
      { code: 'IoError', message: /changed while it was read/ },
      name,
    );
    assert.ok(changed, name);
  }
});
