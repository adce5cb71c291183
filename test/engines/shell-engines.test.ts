import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, has, killWriter, makeWorkload, readRows, run, type Workload } from './engine-run.js';
import { startSlurm, stopSlurm } from './slurm.js';
import { startSshd } from './sshd.js';

const PICTURES = 200;
const PARTS = 4;
const MOST_MS = 240_000;

/** What `classify-part.sh` itself calls, which a machine with nothing but Node.js may not have. */
const hasTools = has('mkdir') && has('uname');

let workload: Workload;
beforeAll(() => {
  workload = makeWorkload(PICTURES);
}, MOST_MS);
afterAll(() => rmSync(workload.folder, { recursive: true, force: true }));

const at = (name: string) => join(workload.folder, name);
const script = (name: string) => join(engines, name);

/** All rows of a result are there, once, as in a plain run. */
function checkResult(result: string): void {
  expect(readRows([result])).toEqual(workload.expected);
}

describe.skipIf(!hasTools)('classify-part.sh', () => {
  const part = (parts: string, ...options: string[]) => [
    ...[script('classify-part.sh'), workload.pictures, parts, '1', '1', '--jobs', '1', ...options],
  ];

  it(
    'goes on after a kill, and leaves a finished part alone',
    async () => {
      const parts = at('killed');
      const options = { env: workload.env, cwd: workload.folder };
      const { code, output } = await run('sh', part(parts), options, () => killWriter(parts));
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('exit code 137, try 1 of 3') });
      checkResult(join(parts, '1.jsonl'));
      const before = readFileSync(join(parts, '1.jsonl.done'), 'utf8');
      expect((await run('sh', part(parts, '--top', '1'), options)).code).toBe(0);
      expect(readFileSync(join(parts, '1.jsonl.done'), 'utf8')).toBe(before);
    },
    MOST_MS,
  );

  it(
    'passes SIGTERM on: the run ends in order, without a retry, and can be resumed',
    async () => {
      const parts = at('stopped');
      const options = { env: workload.env, cwd: workload.folder };
      const stop = async () => {
        while (!existsSync(join(parts, '1.jsonl')) || readFileSync(join(parts, '1.jsonl'), 'utf8') === '')
          await wait(20);
        spawnSync('pkill', ['-TERM', '-f', `classify-part.sh ${workload.pictures} ${parts} `]);
      };
      expect((await run('sh', part(parts), options, stop)).code).toBe(143);
      expect(existsSync(join(parts, '1.jsonl.done'))).toBe(false);
      expect((await run('sh', part(parts), options)).code).toBe(0);
      checkResult(join(parts, '1.jsonl'));
    },
    MOST_MS,
  );

  it('says that a folder is not there, or has no images', async () => {
    const options = { env: workload.env, cwd: workload.folder };
    const [, , ...others] = part(at('missing'));
    const missing = await run('sh', [script('classify-part.sh'), at('nowhere'), ...others], options);
    expect(missing).toEqual({
      code: 3,
      output: expect.stringMatching(/nowhere: no such folder; is it mounted on .+\?\n$/),
    });
  });
});

describe.skipIf(!has('parallel'))('GNU parallel', () => {
  it(
    'on one machine gives every row once, though a process is killed',
    async () => {
      const result = at('parallel.jsonl');
      const args = [script('parallel.sh'), workload.pictures, result, `${PARTS}`];
      const options = { env: workload.env, cwd: workload.folder };
      const { code } = await run('sh', args, options, () => killWriter(`${result}.parts`));
      expect(code).toBe(0);
      checkResult(result);
    },
    MOST_MS,
  );

  it.skipIf(!existsSync('/usr/sbin/sshd') || !has('ssh') || !has('rsync'))(
    'over ssh gives every row once, though a process is killed, and does no part twice',
    async () => {
      const sshd = await startSshd(at('ssh'), workload.env);
      try {
        const result = at('ssh.jsonl');
        const args = [script('parallel-ssh.sh'), '1/one,1/two', workload.pictures, result, `${PARTS}`];
        const env = { ...workload.env, PARALLEL_SSH: sshd.command, RSYNC_RSH: sshd.command, WORKDIR: at('remote') };
        const { code } = await run('sh', args, { env, cwd: workload.folder }, () =>
          killWriter(at('remote/ssh.jsonl.parts')),
        );
        expect(code).toBe(0);
        checkResult(result);
      } finally {
        sshd.stop();
      }
    },
    MOST_MS,
  );
});

describe.skipIf(!has('make'))('make', () => {
  it(
    'gives every row once, though a process is killed',
    async () => {
      const args = ['-f', script('Makefile'), '-j', '2', `FOLDER=${workload.pictures}`, `COUNT=${PARTS}`];
      const options = { env: workload.env, cwd: workload.folder };
      const { code } = await run('make', [...args, 'RESULT=make.jsonl'], options, () =>
        killWriter(at('make.jsonl.parts')),
      );
      expect(code).toBe(0);
      checkResult(at('make.jsonl'));
    },
    MOST_MS,
  );
});

describe.skipIf(!has('slurmctld') || !has('slurmd') || !has('munged') || process.getuid?.() !== 0)('Slurm', () => {
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    env = await startSlurm(at('slurm'), workload.env);
  }, 60_000);
  afterAll(() => stopSlurm(at('slurm')));

  const untilIdle = async () => {
    while (spawnSync('squeue', ['--noheader'], { env, encoding: 'utf8' }).stdout.trim() !== '') await wait(500);
  };

  it(
    'gives every row once, though a process is killed and a task is requeued',
    async () => {
      const result = at('slurm.jsonl');
      const { code, output } = await run('sh', [script('slurm.sh'), workload.pictures, result, `${PARTS}`], {
        ...{ env, cwd: workload.folder },
      });
      expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^\d+\n$/) });
      const parts = `${result}.parts`;
      await killWriter(parts);
      const running = spawnSync('squeue', ['--noheader', '--states=RUNNING', '--format=%i'], { env, encoding: 'utf8' });
      const [task] = running.stdout.trim().split('\n');
      if (task) spawnSync('scontrol', ['requeue', task], { env });
      await untilIdle();
      expect(readdirSync(parts).filter((name) => name.endsWith('.done'))).toHaveLength(PARTS);
      checkResult(result);
    },
    MOST_MS,
  );
});

describe.skipIf(!hasTools)('the Kubernetes job', () => {
  const manifest = () => readFileSync(script('kubernetes.yaml'), 'utf8');

  it(
    'has a script that classifies every part, as processes',
    async () => {
      const [, block] = /args:\n +- \|\n((?: {14}.*\n)+)/.exec(manifest())!;
      const command = block!
        .replace(/^ {14}/gm, '')
        .replaceAll('/engines/', `${engines}/`)
        .replaceAll('/data/photos', workload.pictures)
        .replaceAll('/data', workload.folder)
        .replace(/ 64 /, ` ${PARTS} `);
      writeFileSync(at('pod.sh'), command);
      const codes = await Promise.all(
        Array.from({ length: PARTS }, (_, index) =>
          run('sh', [at('pod.sh')], {
            env: { ...workload.env, JOB_COMPLETION_INDEX: `${index}` },
            cwd: workload.folder,
          }),
        ),
      );
      expect(codes.map(({ code }) => code)).toEqual(Array(PARTS).fill(0));
      const parts = Array.from({ length: PARTS }, (_, index) => at(`parts/${index + 1}.jsonl`));
      const merge = ['merge', ...parts, '--expect', `${PARTS}`, '--output', at('pods.jsonl'), '--allow-failures'];
      expect((await run('mobilenet', merge, { env: workload.env, cwd: workload.folder })).code).toBe(0);
      checkResult(at('pods.jsonl'));
    },
    MOST_MS,
  );

  it('has as many parts as completions', () => {
    const [, completions] = /completions: (\d+)/.exec(manifest())!;
    expect(manifest()).toContain(`+ 1))" ${completions} `);
    expect(readFileSync(script('kubernetes-merge.yaml'), 'utf8')).toContain(`--expect ${completions} `);
  });
});
