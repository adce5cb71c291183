import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Report, Task } from './worker.js';

/*
 * Damaged model files of every format: each is refused with a typed error or loads (and runs, where it is a graph),
 * within 2 s and within 4 × its bytes + 64 MiB. Cases run in a process of their own, so that a crash or a hang is seen.
 *
 *     npm run fuzz -- [--cases 20000] [--seed 1] [--only NAME] [--case INDEX]
 */
const { values: options } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    case: { type: 'string' },
  },
});
const cases = Number(options.cases);
const seed = Number(options.seed);
const TIME_LIMIT_MS = 2000;
/** A process for HDF5 starts first, and its own limits end it. */
const SLOW_TIME_LIMIT_MS = 13_000;
/** Every so many cases one of a slow format. */
const SLOW_EVERY = 50;
const HEAP_MIB = 128;
const MAX_FAILURES = 20;
const workerFile = fileURLToPath(new URL('./worker.ts', import.meta.url));

let child: ChildProcess | undefined;
let facts: Extract<Report, { kind: 'ready' }> | undefined;

/** The process and its next report; undefined where it ended or took too long. */
function next(start: () => void, limit: number): Promise<Report | undefined> {
  return new Promise((resolve) => {
    const end = (report?: Report) => {
      clearTimeout(timer);
      child!.off('message', end).off('exit', lost);
      resolve(report);
    };
    const lost = () => end();
    const timer = setTimeout(lost, limit);
    child!.on('message', end).on('exit', lost);
    start();
  });
}

async function startChild(): Promise<void> {
  const execArgv = ['--import', 'tsx', `--max-old-space-size=${HEAP_MIB}`];
  child = fork(workerFile, { execArgv, serialization: 'advanced' });
  const report = await next(() => {}, 60_000);
  if (report?.kind !== 'ready') throw new Error('no process to run cases in');
  facts = report;
}

function chooseSample(index: number): number {
  const numbers = facts!.names.map((_, i) => i).filter((i) => facts!.names[i]!.includes(options.only));
  const slow = numbers.filter((i) => facts!.slow[i]);
  const fast = numbers.filter((i) => !facts!.slow[i]);
  if (slow.length > 0 && (index % SLOW_EVERY === 0 || fast.length === 0)) {
    return slow[Math.floor(index / SLOW_EVERY) % slow.length]!;
  }
  return fast[index % fast.length]!;
}

await startChild();
const counts = new Map<string, Map<string, number>>();
const failures: string[] = [];
let largest = 0;
const first = options.case === undefined ? 0 : Number(options.case);
const last = options.case === undefined ? cases : first + 1;
for (let index = first; index < last && failures.length < MAX_FAILURES; index++) {
  const sample = chooseSample(index);
  const name = facts!.names[sample]!;
  const task: Task = { index, sample, seed: seed * 1_000_003 + index };
  const limit = facts!.slow[sample] ? SLOW_TIME_LIMIT_MS : TIME_LIMIT_MS;
  const report = await next(() => child!.send(task), limit);
  let outcome: string;
  if (report?.kind === 'done') {
    ({ outcome } = report);
    largest = Math.max(largest, report.rss);
  } else {
    const problem = report?.kind === 'failed' ? report.problem : child!.exitCode === null ? 'a hang' : 'a crash';
    failures.push(`case ${index} (${name}): ${problem}`);
    outcome = 'failed';
    if (report === undefined) {
      child!.kill('SIGKILL');
      await startChild();
    }
  }
  const format = counts.get(name) ?? new Map<string, number>();
  counts.set(name, format.set(outcome, (format.get(outcome) ?? 0) + 1));
}
child!.send('end');

const rows = [...counts].map(([name, outcomes]) => ({ name, ...Object.fromEntries(outcomes) }));
console.table(rows);
console.log(
  `${last - first} cases, seed ${seed}; largest process ${Math.round(largest / 1e6)} MB; ${failures.length} failures`,
);
for (const failure of failures) console.error(failure);
mkdirSync(new URL('../../build/', import.meta.url), { recursive: true });
writeFileSync(
  new URL('../../build/fuzz.json', import.meta.url),
  `${JSON.stringify({ seed, rows, failures }, null, 1)}\n`,
);
if (failures.length > 0) process.exitCode = 1;
