import type { TestContext } from 'node:test';

type Hook = Parameters<TestContext['after']>[0];

/** Clean-up in the order that mounts and processes need: what was made last goes first. node:test goes the other way. */
export function lastFirst(t: Pick<TestContext, 'after'>): Pick<TestContext, 'after'> {
  const works: NonNullable<Hook>[] = [];
  t.after(async (context) => {
    for (const work of works.reverse()) await Reflect.apply(work, t, [context, () => {}]);
  });
  return {
    after: (work) => {
      if (work) works.push(work);
    },
  };
}
