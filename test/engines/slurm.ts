import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const DAEMONS = ['slurmd', 'slurmctld', 'munged'];

/** Slurm on this machine alone, with two processors and all of its files in a folder. Gives the environment for its commands. */
export async function startSlurm(folder: string, env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const at = (name: string) => join(folder, name);
  for (const name of ['', 'state', 'spool']) mkdirSync(at(name), { recursive: true, mode: 0o700 });
  writeFileSync(at('munge.key'), randomBytes(1024), { mode: 0o400 });
  const node = hostname().split('.')[0]!;
  const settings: Readonly<Record<string, string | number>> = {
    ...{ ClusterName: 'test', SlurmctldHost: `${node}(127.0.0.1)`, SlurmUser: 'root', ReturnToService: 2 },
    // A requeued task begins again after its credential has expired.
    ...{ AuthType: 'auth/munge', AuthInfo: `socket=${at('munge.sock')},cred_expire=5`, CredType: 'cred/munge' },
    ...{ ProctrackType: 'proctrack/linuxproc', TaskPlugin: 'task/none', MpiDefault: 'none' },
    ...{
      SlurmctldPort: 16_817,
      SlurmdPort: 16_818,
      SlurmctldPidFile: at('slurmctld.pid'),
      SlurmdPidFile: at('slurmd.pid'),
    },
    ...{ SlurmdSpoolDir: at('spool'), StateSaveLocation: at('state') },
    ...{ SlurmctldLogFile: at('slurmctld.log'), SlurmdLogFile: at('slurmd.log') },
    ...{ SelectType: 'select/cons_tres', SelectTypeParameters: 'CR_Core' },
  };
  const lines = [
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    `NodeName=${node} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN`,
    'PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP',
  ];
  writeFileSync(at('slurm.conf'), `${lines.join('\n')}\n`);
  const all = { ...env, SLURM_CONF: at('slurm.conf') };
  const munge = [
    'key-file=munge.key',
    'socket=munge.sock',
    'pid-file=munged.pid',
    'log-file=munged.log',
    'seed-file=seed',
  ];
  spawnSync('munged', [...munge.map((option) => `--${option.replace('=', `=${folder}/`)}`), '--force']);
  for (const daemon of ['slurmctld', 'slurmd']) spawnSync(daemon, [], { env: all, stdio: 'ignore' });
  for (let attempt = 0; attempt < 100; attempt++) {
    if (spawnSync('sinfo', ['--noheader', '--format=%T'], { env: all, encoding: 'utf8' }).stdout.includes('idle'))
      return all;
    await wait(300);
  }
  throw new Error('Slurm did not start');
}

export function stopSlurm(folder: string): void {
  for (const daemon of DAEMONS) {
    try {
      process.kill(Number(readFileSync(join(folder, `${daemon}.pid`), 'utf8')));
    } catch {
      // It did not start.
    }
  }
}
