/** Publishes `TREE` into `REPOSITORY` as xo 7: for tests that watch, or kill, a publisher. */
import { publish } from '../../service/publish/publish.ts';
import { writeSignedMessage } from '../../service/sign/packets.ts';
import { Repository } from '../../service/store/repository.ts';

const [tree = '', root = ''] = process.argv.slice(2);
const sign = async (payload: Uint8Array): Promise<Uint8Array> => writeSignedMessage(payload, []);
await publish({ tree, repository: new Repository(root), image: 'xo', version: 7, sign });
