/** A process of its own that does one thing to a sysroot, so that a test can kill it at any system call. */
import { bless, choose } from '../../service/deploy/boot-config.ts';
import { recover, surveyDeployments } from '../../service/deploy/recover.ts';
import { removeDeployment } from '../../service/deploy/removal.ts';
import { repairDeployment } from '../../service/deploy/repair.ts';
import { verifyDeployment } from '../../service/deploy/verify.ts';
import { largeImage, smallImage, TestSysroot, xo } from './sysroot.ts';

const ACTIONS: Readonly<Record<string, (sysroot: TestSysroot) => unknown>> = {
  stage: (sysroot) => sysroot.stage(7, smallImage(7), { base: sysroot.base(6, smallImage(6)) }),
  'stage-large': (sysroot) => sysroot.stage(7, largeImage(7), { base: sysroot.base(6, largeImage(6)) }),
  choose: ({ layout }) => choose(layout, { current: xo(7), previous: xo(6), tries: 3 }),
  bless: ({ layout }) => bless(layout),
  recover: ({ layout, backend }) => recover(layout, { backend, booted: xo(6) }),
  async remove({ layout, backend }) {
    for (const verdict of surveyDeployments(layout, { booted: xo(6) }))
      if (verdict.removable) await removeDeployment(layout, verdict, backend);
  },
  async repair({ layout, blobPath }) {
    const tree = { deployment: xo(6), manifest: smallImage(6).entries };
    const { damaged } = await verifyDeployment(layout.deployment(xo(6)), tree.manifest);
    const others = [{ deployment: xo(7), manifest: smallImage(7).entries }];
    const fetchBlob = async ({ sha256 }: { readonly sha256: string }) => blobPath(sha256) ?? '';
    const { failed } = await repairDeployment(layout, { tree, damaged, others, fetchBlob });
    if (failed[0]) throw failed[0].error;
  },
};

const [name = '', root = ''] = process.argv.slice(2);
const action = ACTIONS[name];
if (action === undefined || root === '') throw new Error('usage: deploy-child ACTION SYSROOT');
await action(new TestSysroot(root));
