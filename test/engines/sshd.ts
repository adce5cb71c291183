import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** An ssh server of the test's own on 127.0.0.1, with the hosts `one` and `two`. */
export interface Sshd {
  /** `ssh` with what it needs to find the server. */
  readonly command: string;
  stop(): void;
}

export async function startSshd(folder: string, env: NodeJS.ProcessEnv): Promise<Sshd> {
  mkdirSync(folder, { mode: 0o700 });
  mkdirSync('/run/sshd', { recursive: true });
  const at = (name: string) => join(folder, name);
  for (const name of ['host', 'key']) spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
  const port = await freePort();
  writeFileSync(
    at('sshd_config'),
    [
      ...[`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${at('host')}`, `AuthorizedKeysFile ${at('key.pub')}`],
      ...['StrictModes no', 'UsePAM no', `PidFile ${at('pid')}`, `SetEnv PATH=${env.PATH}`, ''],
    ].join('\n'),
  );
  const host = ['HostName 127.0.0.1', `Port ${port}`, `IdentityFile ${at('key')}`, 'StrictHostKeyChecking no'];
  const options = [...host, 'UserKnownHostsFile /dev/null', 'LogLevel ERROR'];
  writeFileSync(at('ssh_config'), ['Host one two', ...options].join('\n  '));
  const server = spawn('/usr/sbin/sshd', ['-D', '-f', at('sshd_config'), '-E', at('log')], { stdio: 'ignore' });
  await untilOpen(port);
  return { command: `ssh -F ${at('ssh_config')}`, stop: () => server.kill() };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function untilOpen(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ port, host: '127.0.0.1' }, () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await wait(50);
  }
  throw new Error('the ssh server did not start');
}
