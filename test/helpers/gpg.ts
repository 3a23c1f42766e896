import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The system's gpg with a home of its own. The path is short, for its agent listens on a socket in it. */
export class Gpg {
  readonly home = mkdtempSync(join(tmpdir(), 'rg-'));

  run(args: readonly string[], input: Uint8Array | string = ''): { status: number; stdout: Buffer; stderr: string } {
    const common = ['--homedir', this.home, '--batch', '--no-tty', '--pinentry-mode', 'loopback', '--passphrase', ''];
    const result = spawnSync('gpg', [...common, ...args], { input, timeout: 60_000 });
    return { status: result.status ?? -1, stdout: result.stdout, stderr: result.stderr.toString() };
  }

  /** As `run`, but throws what gpg said when it failed. */
  must(args: readonly string[], input: Uint8Array | string = ''): Buffer {
    const { status, stdout, stderr } = this.run(args, input);
    if (status !== 0) throw new Error(`gpg ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Makes a key and returns its fingerprint. `algorithm` and `expires` as `gpg --quick-generate-key` takes them. */
  generate(name: string, algorithm: string, expires = '0', extra: readonly string[] = []): string {
    this.must([...extra, '--quick-generate-key', name, algorithm, 'sign', expires]);
    return this.fingerprint(name);
  }

  fingerprint(name: string): string {
    const listing = this.must(['--with-colons', '--list-keys', name]).toString();
    const match = /^fpr:+([0-9A-F]{40}):/m.exec(listing);
    if (!match?.[1]) throw new Error(`no key ${name}`);
    return match[1].toLowerCase();
  }

  exportPublic(name: string): string {
    return this.must(['--armor', '--export', name]).toString();
  }

  exportPrivate(name: string): string {
    return this.must(['--armor', '--export-secret-keys', name]).toString();
  }

  remove(): void {
    spawnSync('gpgconf', ['--homedir', this.home, '--kill', 'all']);
    rmSync(this.home, { recursive: true, force: true });
  }
}
