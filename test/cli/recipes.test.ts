import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mobilenet, program, root } from './run.js';
import { hasShellTools } from './shell-tools.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-recipes-'));
  mkdirSync(join(folder, 'many'));
  const photos = ['airplane', 'allium', 'alps', 'boats'].map((name) => join(root, `test/photos/${name}.jpg`));
  for (let index = 0; index < 40; index++) symlinkSync(photos[index % 4]!, join(folder, `many/${index}.jpg`));
  writeFileSync(join(folder, 'many/7.broken.jpg'), 'no picture');
});
afterAll(() => rmSync(folder, { recursive: true }));

const rows = (text: string): { readonly file: string }[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** The first command of a document that begins like this, up to an empty line or the end of its block. */
function recipe(document: string, start: string): string {
  const text = readFileSync(join(root, document), 'utf8');
  const from = text.indexOf(`\n${start}`);
  if (from < 0) throw new Error(`${document}: no command that begins with ${start}`);
  return text.slice(from + 1, text.indexOf('```', from));
}

/** Runs a recipe as it is written, in a folder that has `photos`, with the program on the path. */
function follow(script: string, cwd: string, more: Readonly<Record<string, string>> = {}) {
  const bin = join(cwd, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'mobilenet'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, ...more, PATH: `${bin}:${process.env.PATH}` };
  return spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8', env });
}

const has = (...command: [string, string]) =>
  spawnSync('sh', ['-c', `${command[0]} --version`]).stdout.includes(command[1]);

describe('recipes, as they are written', () => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(folder, 'recipe-'));
    symlinkSync(join(folder, 'many'), join(place, 'photos'));
  });

  it.skipIf(!has('jq', 'jq'))('docs/batches.md: find | mobilenet | jq', () => {
    const [line] = recipe('docs/batches.md', 'find photos').split('\n');
    const { stdout } = follow(line!.replace('find photos', 'find photos/'), place);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(40);
    expect(lines.filter((each) => each.startsWith('alp\tphotos/'))).toHaveLength(10);
  });

  it.skipIf(!hasShellTools)('README: pictures of a group are moved', () => {
    const [line] = recipe('README.md', 'mobilenet photos --only dog').split('\n');
    mkdirSync(join(place, 'dogs'));
    follow(line!.replace('--only dog', '--only "geological formation"').replace('mv', 'cp'), place);
    expect(readdirSync(join(place, 'dogs'))).toHaveLength(10);
  });

  it.skipIf(!has('parallel', 'GNU parallel'))(
    'docs/batches.md: GNU parallel on one machine',
    () => {
      const script = recipe('docs/batches.md', 'mkdir -p parts\nparallel -j4');
      follow(script, place);
      const found = rows(readFileSync(join(place, 'all.jsonl'), 'utf8'));
      expect(found).toHaveLength(41);
      expect(new Set(found.map(({ file }) => file)).size).toBe(41);
      expect(readdirSync(join(place, 'parts')).filter((name) => name.endsWith('.jsonl.done'))).toHaveLength(16);
    },
    120_000,
  );

  /** Parts written by a script that runs once for each, merged. */
  const mergedParts = () => {
    const parts = readdirSync(join(place, 'parts')).map((name) => join(place, 'parts', name));
    const merged = rows(mobilenet('merge', ...parts).stdout).map(({ file }) => file);
    expect(new Set(merged).size).toBe(merged.length);
    return merged.length;
  };

  it.skipIf(!hasShellTools || !has('bash', 'GNU bash'))(
    'docs/batches.md: the job of a Slurm array, its variables set by hand',
    () => {
      const script = recipe('docs/batches.md', '#!/bin/bash\n#SBATCH')
        .replaceAll('/data', place)
        .replaceAll('/64', '/4');
      expect(script).toMatch(/^#SBATCH --array=1-64$/m);
      const codes = [1, 2, 3, 4].map(
        (task) => follow(script, place, { SLURM_ARRAY_TASK_ID: `${task}`, SLURM_CPUS_PER_TASK: '2' }).status,
      );
      // One part has the broken picture.
      expect(codes.sort()).toEqual([0, 0, 0, 1]);
      expect(mergedParts()).toBe(41);
    },
  );

  it.skipIf(!has('npx', '.'))('docs/batches.md: the command of a Kubernetes job, its index set by hand', () => {
    const yaml = recipe('docs/batches.md', 'apiVersion: batch/v1');
    expect(yaml).toMatch(/completions: 64/);
    const [, block] = /args:\n +- \|\n((?: {14}.*\n)+)/.exec(yaml)!;
    const script = block!
      .replace(/^ {14}/gm, '')
      .replaceAll('/data', place)
      .replaceAll('/app', join(place, 'app'));
    mkdirSync(join(place, 'app/node_modules/.bin'), { recursive: true });
    mkdirSync(join(place, 'parts'));
    const own = `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`;
    writeFileSync(join(place, 'app/node_modules/.bin/mobilenet'), own, { mode: 0o755 });
    for (const index of [0, 1, 2, 3]) {
      const env = { ...process.env, JOB_COMPLETION_INDEX: `${index}` };
      const args = ['-c', script.replaceAll('/64', '/4')];
      expect(spawnSync('sh', args, { cwd: place, env, encoding: 'utf8' }).status).toBe(0);
    }
    expect(mergedParts()).toBe(41);
  });
});
