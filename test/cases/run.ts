/**
 * npm run cases -- [FOLDER …] [--kind LETTERS] [--name PART] [--jobs N]: model files that other tools wrote, through the built
 * command, with totals for each kind and every failure. FOLDER holds a `cases.json`; by default
 * ../shared/reference/cases. Exit 1 where a case fails.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Case, type Judgement, judge, type Outcome, verdicts } from './judge.js';

interface Result extends Judgement {
  readonly name: string;
  readonly kind: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 120_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { kind: { type: 'string' }, name: { type: 'string' }, jobs: { type: 'string' } },
});
const folders = positionals.length > 0 ? positionals : [join(root, '../shared/reference/cases')];
const home = mkdtempSync(join(tmpdir(), 'cases-'));
try {
  const results = (await Promise.all(folders.map((folder) => runFolder(resolve(folder))))).flat();
  print(results);
  process.exitCode = results.every(({ verdict }) => verdict === 'right') ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}

async function runFolder(folder: string): Promise<Result[]> {
  const all: readonly Case[] = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));
  const cases = all.filter(
    ({ kind, name }) =>
      (values.kind?.includes(kind) ?? true) && (values.name === undefined || name.includes(values.name)),
  );
  const results: Result[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < cases.length; index = next++) {
      const each = cases[index]!;
      results[index] = { name: each.name, kind: each.kind, ...judge(each, await classify(each, folder)) };
    }
  };
  const jobs = Number(values.jobs ?? availableParallelism());
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work));
  return results;
}

function classify({ weights, labels, args, picture }: Case, folder: string): Promise<Outcome> {
  const parameters = ['classify', '--json', '--top', '1000', '--weights', join(folder, weights)];
  if (labels !== undefined) parameters.push('--labels', join(folder, labels));
  parameters.push(...args, join(folder, picture));
  const options = { timeout: TIMEOUT_MS, env: { ...process.env, MOBILENET_HOME: home } };
  return new Promise((settle) => {
    const command = [join(root, 'bin/mobilenet.js'), ...parameters];
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      settle({ code, stdout, stderr });
    });
  });
}

function print(results: readonly Result[]): void {
  for (const verdict of verdicts) {
    if (verdict === 'right') continue;
    for (const { name, kind, reason } of results.filter((result) => result.verdict === verdict)) {
      console.log(`${verdict}  ${kind}  ${name}: ${reason}`);
    }
  }
  const kinds = [...new Set(results.map(({ kind }) => kind))].sort();
  console.log(['kind', ...verdicts, 'cases'].map((title) => title.padStart(8)).join(''));
  for (const kind of [...kinds, undefined]) {
    const own = results.filter((result) => kind === undefined || result.kind === kind);
    const counts = verdicts.map((verdict) => own.filter((result) => result.verdict === verdict).length);
    console.log([kind ?? 'all', ...counts, own.length].map((cell) => `${cell}`.padStart(8)).join(''));
  }
}
