/** Small ELF programs that are linked anew after each change, so that references move as in real updates. */
import type { Random } from './random.ts';

interface Routine {
  readonly body: Buffer;
  /** Where calls stand in the body, and which routine each calls. */
  readonly calls: readonly { readonly at: number; readonly to: number }[];
}

export type Program = readonly Routine[];

const HEADER_BYTES = 64 + 56;
const MACHINES = { x86: 62, arm64: 183 } as const;
type MachineName = keyof typeof MACHINES;

export function randomProgram(random: Random, routines: number): Program {
  return Array.from({ length: routines }, () => randomRoutine(random, routines));
}

function randomRoutine(random: Random, routines: number): Routine {
  const body = random.bytes(8 + 4 * random.integer(60));
  const calls: { at: number; to: number }[] = [];
  for (let at = 0; at + 8 <= body.length; at += 4 + 4 * random.integer(6))
    calls.push({ at, to: random.integer(routines) });
  return { body, calls };
}

/** A later version: routines changed, put in, left out and in another order. */
export function laterProgram(random: Random, program: Program, changes: number): Program {
  const routines = [...program];
  for (let i = 0; i < changes; i++) {
    const at = random.integer(routines.length + 1);
    const kind = random.integer(3);
    if (kind === 0) routines.splice(at, 0, randomRoutine(random, routines.length + 1));
    else if (kind === 1) routines.splice(at, 1);
    else routines.push(...routines.splice(at, 1 + random.integer(3)));
  }
  return routines;
}

/** The program as a shared object: one segment, its code, a table of pointers into it, and the section headers. */
export function linked(program: Program, machine: MachineName): Buffer {
  const starts: number[] = [];
  let end = HEADER_BYTES;
  for (const { body } of program) {
    starts.push(end);
    end += body.length;
  }
  const table = Buffer.alloc(8 * program.length);
  for (const [i, start] of starts.entries()) table.writeUInt32LE(start, 8 * i);
  const code = program.map(({ body, calls }, i) => {
    const bytes = Buffer.from(body);
    const start = starts[i] ?? 0;
    for (const { at, to } of calls) call(bytes, at, (starts[to] ?? HEADER_BYTES) - start - at, machine);
    return bytes;
  });
  const names = Buffer.from('\0.text\0.init_array\0.shstrtab\0');
  const tableAt = end;
  const namesAt = tableAt + table.length;
  const sectionsAt = namesAt + names.length;
  const header = Buffer.alloc(HEADER_BYTES);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(3, 16);
  header.writeUInt16LE(MACHINES[machine], 18);
  header.writeUInt32LE(64, 32);
  header.writeUInt32LE(sectionsAt, 40);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(4, 60);
  header.writeUInt16LE(3, 62);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(namesAt, 64 + 32);
  header.writeUInt32LE(namesAt, 64 + 40);
  const section = (name: number, type: number, flags: number, at: number, size: number): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(name, 0);
    bytes.writeUInt32LE(type, 4);
    bytes.writeUInt32LE(flags, 8);
    bytes.writeUInt32LE(flags === 0 ? 0 : at, 16);
    bytes.writeUInt32LE(at, 24);
    bytes.writeUInt32LE(size, 32);
    return bytes;
  };
  return Buffer.concat([
    header,
    ...code,
    table,
    names,
    Buffer.alloc(64),
    section(1, 1, 6, HEADER_BYTES, tableAt - HEADER_BYTES),
    section(7, 14, 3, tableAt, table.length),
    section(19, 3, 0, namesAt, names.length),
  ]);
}

function call(bytes: Buffer, at: number, distance: number, machine: MachineName): void {
  if (machine === 'x86') {
    bytes[at] = 0xe8;
    bytes.writeInt32LE(distance - 5, at + 1);
  } else {
    bytes.writeUInt32LE((0x94000000 | ((distance >> 2) & 0x3ffffff)) >>> 0, at);
  }
}
