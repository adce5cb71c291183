import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines, makeWorkload, readRows, run, type Workload } from './engine-run.js';

/** A Python that has the packages; without it these tests are skipped by name. */
const python = process.env.ENGINES_PYTHON;
const PICTURES = Number(process.env.ENGINES_IMAGES ?? 200);
const PARTITIONS = 8;
const MOST_MS = 30 * 60_000;

const hasPackage = (name: string) =>
  python !== undefined && spawnSync(python, ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0;

let workload: Workload;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  if (python === undefined) return;
  workload = makeWorkload(PICTURES);
  env = { ...workload.env, PYSPARK_PYTHON: python, PYTHONPATH: engines, RAY_DEDUP_LOGS: '0' };
}, MOST_MS);
afterAll(() => {
  if (workload) rmSync(workload.folder, { recursive: true, force: true });
});

const at = (name: string) => join(workload.folder, name);

/** Kills one of the engine's mobilenet processes with SIGKILL, as soon as there is one that has been running for a while. */
async function killOne(option: string): Promise<void> {
  for (let attempt = 0; attempt < 6000; attempt++) {
    const found = spawnSync('pgrep', ['-n', '-f', `mobilenet.js classify.*${option}`], { encoding: 'utf8' });
    const id = Number(found.stdout.trim());
    if (id > 0) {
      await wait(1500);
      if (spawnSync('kill', ['-9', `${id}`]).status === 0) return;
    }
    await wait(50);
  }
  throw new Error('no process was running');
}

/** Rows of a Parquet file or folder by file, as predictions or an error's code. */
function readParquet(path: string): Map<string, string> {
  const script = [
    'import json, sys, pyarrow.parquet as parquet',
    'for row in parquet.read_table(sys.argv[1]).to_pylist(): print(json.dumps(row))',
  ].join('\n');
  const { stdout } = spawnSync(python!, ['-c', script, path], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const rows = new Map<string, string>();
  for (const row of stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))) {
    const file = row.file.replace(/^file:/, '');
    if (rows.has(file)) throw new Error(`${file}: two rows`);
    const best = row.predictions?.[0] ?? row;
    rows.set(file, row.error ? (row.error.code ?? row.error) : `${best.label} ${best.probability}`);
  }
  return rows;
}

/** The same of a plain run. */
function expectedBest(): Map<string, string> {
  return new Map(
    [...workload.expected].map(([file, text]) => {
      const { predictions, error } = JSON.parse(text);
      return [file, error ? error.code : `${predictions[0].label} ${predictions[0].probability}`] as const;
    }),
  );
}

/** Beside the Python of its package. */
const sparkSubmit = () => join(dirname(python!), 'spark-submit');
const cluster = ['--master', 'local-cluster[2,1,1024]'];

describe.skipIf(!hasPackage('pyspark'))('Spark', () => {
  it(
    'takes names through a pipe and gives every row once, though a process is killed',
    async () => {
      const names = Array.from(workload.expected.keys(), (name) => `${name}\n`);
      writeFileSync(at('names.txt'), names.join(''));
      const args = [...cluster, join(engines, 'spark_paths.py'), at('names.txt'), at('rows'), `${PARTITIONS}`];
      const { code } = await run(sparkSubmit(), args, { env, cwd: workload.folder }, () => killOne('--files-from -'));
      expect(code).toBe(0);
      const parts = readdirSync(at('rows')).filter((name) => name.startsWith('part-'));
      expect(readRows(parts.map((name) => at(`rows/${name}`)))).toEqual(workload.expected);
    },
    MOST_MS,
  );

  it.skipIf(!hasPackage('pyarrow'))(
    'takes bytes in frames and gives every row once in Parquet, though a process is killed',
    async () => {
      const files = ['--py-files', join(engines, 'mobilenet_frames.py')];
      const script = [join(engines, 'spark_bytes.py'), workload.pictures, at('spark.parquet'), `${PARTITIONS}`];
      const options = { env, cwd: workload.folder };
      const { code } = await run(sparkSubmit(), [...cluster, ...files, ...script], options, () =>
        killOne('--stdin-frames'),
      );
      expect(code).toBe(0);
      expect(readParquet(at('spark.parquet'))).toEqual(expectedBest());
    },
    MOST_MS,
  );
});

describe.skipIf(!hasPackage('ray.data'))('Ray', () => {
  it(
    'gives every row once in Parquet, though a process is killed',
    async () => {
      const args = [join(engines, 'ray_images.py'), workload.pictures, at('ray.parquet'), '2'];
      const { code } = await run(python!, args, { env, cwd: workload.folder }, () => killOne('--stdin-frames'));
      expect(code).toBe(0);
      expect(readParquet(at('ray.parquet'))).toEqual(expectedBest());
    },
    MOST_MS,
  );
});
