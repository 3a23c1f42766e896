/** `ripple daemon` and `ripple serve`: what runs for long. */
import { existsSync } from 'node:fs';
import { RippleError } from '../api/errors.ts';
import { SCHOOL_LINE } from '../core/waiting-line.ts';
import { documentedConfig, readConfig } from '../daemon/config.ts';
import { runDaemon } from '../daemon/daemon.ts';
import { journalLogger } from '../daemon/logger.ts';
import { startShareServer } from '../share/server.ts';
import { FolderContent } from '../store/folder-content.ts';
import { type Command, UsageError } from './command.ts';

export const daemonCommand: Command = {
  description:
    'Runs until it is ended by a signal. A laptop needs its sysroot, its keyring and a D-Bus system bus; a school server a repository. It prints one line "ready URL" when it serves, and what happens on standard error.',
  positionals: [],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'the configuration; /etc/ripple/ripple.toml when not given' },
    'bless-when': {
      type: 'string',
      value: 'FILE',
      doc: 'count the running version as working only once FILE is there (ripple-bless.service makes it)',
    },
    'print-config': { type: 'boolean', doc: 'print every key with its default and meaning, and end' },
  },
  examples: ['ripple daemon --config /etc/ripple/ripple.toml', 'ripple daemon --print-config'],
  run: async (invocation) => {
    if (invocation.flag('print-config')) {
      process.stdout.write(documentedConfig());
      return;
    }
    const blessWhen = invocation.string('bless-when');
    await runDaemon(
      readConfig(invocation.string('config') ?? '/etc/ripple/ripple.toml'),
      journalLogger,
      invocation.signal,
      blessWhen === undefined ? {} : { blessWhen },
    );
    // Sockets of others must not keep an ended daemon alive.
    process.exit(0);
  },
};

export const serveCommand: Command = {
  description:
    'Serves the files of a repository, and nothing else, until it is ended. Any other HTTP server does as well; this one has upload slots and a rate cap.',
  positionals: [],
  options: {
    repo: { type: 'string', value: 'DIR', required: true, doc: 'the repository' },
    host: { type: 'string', value: 'ADDRESS', multiple: true, doc: 'address to listen on; 127.0.0.1 when not given' },
    port: { type: 'string', value: 'N', doc: 'TCP port; 8517 when not given, 0 for any free one' },
    slots: { type: 'string', value: 'N', doc: 'how many may take at once; 8 when not given' },
    rate: { type: 'string', value: 'BYTES', doc: 'bytes a second to give at most' },
    json: { type: 'boolean', doc: 'print the address as JSON' },
  },
  examples: ['ripple serve --repo /srv/ripple --host 0.0.0.0'],
  run: async (invocation) => {
    const repository = invocation.required('repo');
    if (!existsSync(repository)) throw new RippleError('InvalidArgument', `there is no repository at ${repository}`);
    const hosts = invocation.list('host');
    if (hosts.some((host) => host === '')) throw new UsageError('--host is empty');
    const rate = invocation.integer('rate', 1, 10_000_000_000);
    const server = await startShareServer({
      host: hosts.length > 0 ? hosts : ['127.0.0.1'],
      port: invocation.integer('port', 0, 65_535) ?? 8517,
      content: new FolderContent(repository),
      slots: invocation.integer('slots', 1, 1000) ?? 8,
      line: SCHOOL_LINE,
      retryAfterSeconds: 2,
      logger: journalLogger,
      ...(rate === undefined ? {} : { rateBytesPerSecond: rate }),
    });
    invocation.terminal.result({ url: server.url }, () => `Serving ${repository} at ${server.url} (Ctrl-C ends it)`);
    await new Promise<void>((resolve) => invocation.signal.addEventListener('abort', () => resolve()));
    await server.close();
  },
};
