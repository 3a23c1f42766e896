import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../../../service/cli/commands.ts';
import { commandPage, pageText } from '../../../service/cli/page.ts';

test('every command that the help lists loads, once, and has a page of its own', async () => {
  const loaded = await Promise.all(COMMANDS.map((listed) => listed.load()));
  assert.equal(new Set(loaded).size, COMMANDS.length);
  for (const [index, { name, summary }] of COMMANDS.entries()) {
    const command = loaded[index];
    assert.ok(command, name);
    assert.ok(summary.length < 60, name);
    assert.match(pageText(commandPage(name, summary, command)), new RegExp(`^NAME\n {4}ripple ${name} - `));
    for (const example of command.examples) assert.match(example, new RegExp(`ripple ${name}( |$)`), name);
  }
});
