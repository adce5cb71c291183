import { spawn } from 'node:child_process';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { median, quantile } from '../../src/domain/statistics.js';
import { createSession, type Session } from '../../src/engine/session.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';

/**
 * `npx tsx test/bench/threads.ts [--model M] [--alpha A] [--res R] [--threads N] [--runs COUNT] [--json]`: one picture on N threads against
 * one, in turn in one process; beside it how many pictures a second N independent processes of one thread each get
 * through, against one such process: what the machine gives to N cores at once.
 */
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'mobilenet_v1' },
    alpha: { type: 'string', default: '1' },
    res: { type: 'string' },
    threads: { type: 'string', default: '2' },
    runs: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
    // Used for the independent processes: run for so many seconds, then print pictures a second.
    alone: { type: 'string' },
  },
});
const threads = Number(values.threads);
const resolution = Number(values.res ?? (values.model === 'xception' ? 299 : 224));
const network = resolve(buildNetwork(values.model, { alpha: Number(values.alpha), classes: 1000 }), { resolution });
const weights = seededWeights(network);

const WARM_UP_MS = 500;
const ALONE_SECONDS = 4;

async function prepare(count: number): Promise<Session> {
  const session = await createSession(network, weights, 1e-3, { threads: count });
  const random = seededRandom(5);
  for (let index = 0; index < session.input.length; index++) session.input[index] = 2 * random() - 1;
  const until = performance.now() + WARM_UP_MS;
  do session.run();
  while (performance.now() < until);
  return session;
}

function time(session: Session): number {
  const started = performance.now();
  session.run();
  return performance.now() - started;
}

function ms(times: readonly number[]): string {
  return `min ${Math.min(...times).toFixed(2)}  median ${median(times).toFixed(2)}  p95 ${quantile(times, 0.95).toFixed(2)} ms`;
}

/** Times of either, pair by pair. */
interface Times {
  readonly alone: readonly number[];
  readonly together: readonly number[];
  /** Of neighbours, together ÷ alone. */
  readonly ratios: readonly number[];
}

/** Both in turn, in one process. */
async function alternate(): Promise<Times> {
  const one = await prepare(1);
  const many = await prepare(threads);
  // Workers come up beside the first runs.
  await new Promise((done) => setTimeout(done, 200));
  const pairs = Array.from({ length: Number(values.runs) }, () => [time(one), time(many)] as const);
  one.close();
  many.close();
  return { alone: pairs.map(([a]) => a), together: pairs.map(([, b]) => b), ratios: pairs.map(([a, b]) => b / a) };
}

function print({ alone, together, ratios }: Times): void {
  console.log(`1 thread    ${ms(alone)}`);
  console.log(`${threads} threads   ${ms(together)}`);
  console.log(
    `ratio       minima ${(Math.min(...together) / Math.min(...alone)).toFixed(3)}  pair by pair: median ${median(ratios).toFixed(3)}, ` +
      `quartiles ${quantile(ratios, 0.25).toFixed(3)} and ${quantile(ratios, 0.75).toFixed(3)}`,
  );
}

/** Pictures a second of `count` processes at the same time. */
async function processes(count: number): Promise<number> {
  const script = fileURLToPath(import.meta.url);
  const own = [
    '--model',
    values.model,
    '--alpha',
    values.alpha,
    '--res',
    `${resolution}`,
    '--alone',
    `${ALONE_SECONDS}`,
  ];
  const rates = Array.from(
    { length: count },
    () =>
      new Promise<number>((done, fail) => {
        const child = spawn(process.execPath, [...process.execArgv, script, ...own], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let text = '';
        child.stdout.on('data', (chunk) => {
          text += chunk;
        });
        child.on('error', fail).on('close', () => done(Number(text)));
      }),
  );
  return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0);
}

async function runAlone(seconds: number): Promise<void> {
  const session = await prepare(1);
  const started = performance.now();
  let count = 0;
  do {
    session.run();
    count++;
  } while (performance.now() - started < 1000 * seconds);
  console.log(count / ((performance.now() - started) / 1000));
}

async function main(): Promise<void> {
  if (values.alone !== undefined) return runAlone(Number(values.alone));
  const load = loadavg()[0]!.toFixed(1);
  if (!values.json) {
    console.log(
      `${network.id} α ${values.alpha} · ${resolution}×${resolution} · Node.js ${process.version} · ${availableParallelism()} cores, ${cpus()[0]?.model} · load ${load}`,
    );
  }
  const times = await alternate();
  if (!values.json) print(times);
  const one = await processes(1);
  const many = await processes(threads);
  if (values.json) {
    const [alone, together, ratio] = [times.alone, times.together, times.ratios].map(median);
    // The rates are pictures a second of one process and of as many as threads.
    console.log(JSON.stringify({ alone, together, ratio, rates: { one, many } }));
    return;
  }
  console.log(
    `1 process ${one.toFixed(1)}, ${threads} processes ${many.toFixed(1)} pictures a second: time for one picture × ${(one / many).toFixed(3)}`,
  );
}

await main();
