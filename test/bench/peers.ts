/**
 * npm run bench:peers -- [PAIR…] [--model M] [--alpha A] [--res R] [--rounds N] [--runs N] [--node PATH] [--core N]
 *                        [--folder DIR] [--json] [--file MODEL.onnx|MODEL.tflite]
 * This project against the engines that a Node.js user would otherwise pick: times of one picture, as ratios
 * ours ÷ theirs, on one thread. PAIR, all of them if none is named:
 *   tfjs-wasm, onnxruntime-web, onnxruntime-node, litert   floats on both sides
 *   litert-int8, onnxruntime-node-int8                     integers on both sides
 *   int8       ours in integers, theirs in floats (tfjs-wasm and onnxruntime-node)
 *   threads    one picture on two threads of ours ÷ one, see threads.ts, and beside it what two processes at once do
 *   cold       a whole process from a JPEG to its prediction
 * Engines run the same network with the same seeded weights, and outputs are compared. In integers each side quantises
 * the same floats by the ranges of the same picture: ours as in int8 everywhere, theirs by map in 8 bits and weights by
 * output channel. ONNX Runtime (native onnxruntime-node) gets a QDQ file, LiteRT.js a TFLite file; both take and give
 * floats, as ours does.
 *
 * With --file, a file takes the place of the network. MODEL.onnx: onnxruntime-web and onnxruntime-node. MODEL.tflite:
 * litert; where the file is quantised, litert (ours in floats), litert-int8 (ours in int8) and litert-exact (ours in
 * TFLite's integers), theirs always in the file's integers.
 *
 * Both programs are processes of their own on one core, in turn, ours first; a ratio is that of two neighbours. Of threads
 * one and two alternate in one process, free to use every core, and its ratio is the median of its pairs. Printed are
 * the median of the ratios and the smallest and largest. The peers are installed into a temporary folder, or into
 * --folder, where they stay for the next time. --node runs both sides under another Node.js.
 * `cold` runs the built command (npm run build); its own side is `mobilenet classify`, f32 and int8, with the bundled
 * default model.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import sharp from 'sharp';
import { median } from '../../src/domain/statistics.js';
import type { ResolvedNetwork } from '../../src/networks/types.js';
import { type EnginePair, pairsOf, peerArguments } from './peers/engine-pairs.js';
import { installPeers } from './peers/folder.js';
import { resolvePeerNetwork } from './peers/network-file.js';
import type { Ranges } from './peers/quantise.js';
import { copyOwnFile, type FileKind, writeNetwork } from './peers/write-files.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const programs = join(root, 'test/bench/peers');
type Pair = string;

/** JPEGs of `cold`, from the photos that come with the project. */
const photos = [
  { from: 'alps.jpg', width: 500, height: 375 },
  { from: 'boats.jpg', width: 1600, height: 1200 },
] as const;
const JPEG_QUALITY = 90;
/**
 * Probabilities of two engines may differ by this share of the largest. Integers differ from floats by 0.075 on the seeded
 * MobileNetV2, ours one way and LiteRT's and ONNX Runtime's the other, so two quantisations may differ by twice as much
 * (0.149 was seen; 0.15 with a file's, whose probabilities are multiples of 1/256). Another function differs by about 1.
 */
const TOLERANCE = 1e-3;
const INTEGER_TOLERANCE = 0.1;
const INTEGERS_TOLERANCE = 2 * INTEGER_TOLERANCE;
/** Runs of one and of two threads, in turn, in one process. */
const THREAD_PAIRS = 60;

interface Comparison {
  readonly pair: Pair;
  /** What ran on either side. */
  readonly subject: string;
  /** Medians over the rounds, ms. */
  readonly ours: number;
  readonly theirs: number;
  /** Median of the rounds' ratios ours ÷ theirs. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
  readonly rounds: number;
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'mobilenet_v1' },
    alpha: { type: 'string', default: '1' },
    res: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    runs: { type: 'string', default: '40' },
    node: { type: 'string', default: process.execPath },
    core: { type: 'string', default: String(cpus().length - 1) },
    folder: { type: 'string' },
    file: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const rounds = positiveWhole('--rounds', flags.rounds);
const runs = positiveWhole('--runs', flags.runs);
const resolution = flags.res === undefined ? undefined : positiveWhole('--res', flags.res);
const pinning = findPinning();

const work = mkdtempSync(join(tmpdir(), 'mobilenet-peers-'));
try {
  const folder = flags.folder === undefined ? join(work, 'peers') : resolve(flags.folder);
  installPeers(folder);
  await measureAll(folder);
} finally {
  rmSync(work, { recursive: true });
}

async function measureAll(folder: string): Promise<void> {
  const description = join(work, 'network.json');
  const network = resolvePeerNetwork(flags.model, Number(flags.alpha), resolution);
  const own = flags.file === undefined ? undefined : await copyOwnFile(resolve(flags.file), description);
  const available: Readonly<Record<string, readonly EnginePair[]>> = pairsOf[own?.kind ?? 'network'];
  const chosen = choosePairs([...Object.keys(available), ...(own ? [] : ['threads', 'cold'])], own?.kind);
  const isInteger = chosen.some((pair) => available[pair]?.some(({ theirs }) => theirs === 'int8'));
  const findRanges = () => JSON.parse(run([join(programs, 'ranges.mjs'), folder, description])) as Ranges;
  const subject = own?.subject ?? writeNetwork(network, description, folder, isInteger ? findRanges : undefined);

  const version = run(['--version']).trim();
  const facts = {
    command: `npm run bench:peers -- ${process.argv.slice(2).join(' ')}`.trim(),
    node: version,
    cpu: cpus()[0]?.model ?? 'unknown',
    pinned: pinning.length > 0 ? `taskset: core ${flags.core}` : 'not pinned to a core: no taskset here',
    rounds,
    runs,
  };
  if (!flags.json) {
    console.log(`${facts.command}\nNode.js ${version} · ${facts.cpu} · ${facts.pinned}`);
    console.log(`${rounds} rounds; one picture: the median of ${runs} runs after 8\n`);
    console.log(row(['pair', 'what', 'ours ms', 'theirs ms', 'ratio', 'min – max']));
  }
  const comparisons: Comparison[] = [];
  const add = (comparison: Comparison): void => {
    comparisons.push(comparison);
    if (!flags.json) console.log(rowOf(comparison));
  };

  const args = [folder, description, String(runs)];
  const engineNames = chosen.filter((pair) => available[pair]);
  const program = engineNames.length > 0 ? await bundle('peers/ours.ts') : '';
  for (const pair of engineNames) {
    for (const engines of available[pair]!) {
      const { ours, peer, theirs } = engines;
      const theirProgram = peerArguments(engines);
      const isFloat = ours === 'f32' && theirs === 'f32';
      add(
        compare(
          pair,
          isFloat ? subject : `${subject}, ${ours} : ${peer} ${theirs}`,
          () => timed([program, ...args, ours]),
          () => timed([join(programs, theirProgram.program), ...args, ...theirProgram.rest]),
          toleranceOf(engines),
        ),
      );
    }
  }
  if (chosen.includes('threads')) for (const comparison of await compareThreads(network)) add(comparison);
  if (chosen.includes('cold')) {
    for (const { photo, size } of await makePhotos()) {
      const theirs = [join(programs, 'cold.mjs'), folder, description, photo];
      for (const dtype of ['f32', 'int8']) {
        const ours = [join(root, 'bin/mobilenet.js'), 'classify', '--dtype', dtype, photo];
        // Once each beforehand, so that both find their files in the system's cache.
        const model = run([...ours, '--json']);
        run(theirs);
        const { network: own, alpha, resolution: side } = JSON.parse(model).model;
        add(
          compare(
            'cold',
            `${size}, ${own} ${alpha}/${side} ${dtype} : ${subject}`,
            () => ({ ms: wallTime(ours) }),
            () => ({ ms: wallTime(theirs) }),
          ),
        );
      }
    }
  }
  if (flags.json) console.log(JSON.stringify({ ...facts, comparisons }, null, 2));
}

function toleranceOf({ ours, theirs }: EnginePair): number {
  if (theirs === 'int8') return INTEGERS_TOLERANCE;
  return ours === 'f32' ? TOLERANCE : INTEGER_TOLERANCE;
}

function choosePairs(available: readonly string[], kind: FileKind | undefined): readonly Pair[] {
  const unfit = positionals.find((each) => !available.includes(each));
  if (unfit === undefined) return positionals.length > 0 ? positionals : available;
  const problem = kind ? `not a pair for a file (${kind})` : 'unknown pair';
  throw new Error(`${unfit}: ${problem}, expected ${available.join(', ')}`);
}

interface Measured {
  readonly ms: number;
  readonly output?: readonly number[];
}

/** Ours, theirs, ours, theirs … */
function compare(
  pair: Pair,
  subject: string,
  ours: () => Measured,
  theirs: () => Measured,
  tolerance = TOLERANCE,
): Comparison {
  const measured = Array.from({ length: rounds }, () => ({ a: ours(), b: theirs() }));
  for (const { a, b } of measured) {
    if (a.output && b.output) refuseDisagreement(pair, a.output, b.output, tolerance);
  }
  const rows = measured.map(({ a, b }) => ({ ours: a.ms, theirs: b.ms, ratio: a.ms / b.ms }));
  return summarise(pair, subject, rows);
}

interface Round {
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
}

function summarise(pair: Pair, subject: string, measured: readonly Round[]): Comparison {
  const ratios = measured.map(({ ratio }) => ratio);
  return {
    pair,
    subject,
    ours: round(median(measured.map(({ ours }) => ours)), 2),
    theirs: round(median(measured.map(({ theirs }) => theirs)), 2),
    ratio: round(median(ratios), 3),
    lowest: round(Math.min(...ratios), 3),
    highest: round(Math.max(...ratios), 3),
    rounds: measured.length,
  };
}

/** Two threads against one; and the time for each picture of two processes at once against that of one process. */
async function compareThreads({ id, alpha, resolution }: ResolvedNetwork): Promise<Comparison[]> {
  const program = await bundle('threads.ts');
  const args = ['--model', id, '--alpha', `${alpha}`, '--res', `${resolution}`, '--runs', `${THREAD_PAIRS}`, '--json'];
  const measured = Array.from({ length: rounds }, () => JSON.parse(run([program, ...args], [])));
  const subject = `${id} ${alpha}/${resolution}`;
  return [
    summarise(
      'threads',
      `${subject}, 2 : 1`,
      measured.map(({ alone, together, ratio }) => ({ ours: together, theirs: alone, ratio })),
    ),
    summarise(
      'threads',
      `${subject}, 2 : 1 processes`,
      measured.map(({ rates: { one, many } }) => ({ ours: 1000 / many, theirs: 1000 / one, ratio: one / many })),
    ),
  ];
}

/** Speed of another function is no comparison. */
function refuseDisagreement(pair: Pair, a: readonly number[], b: readonly number[], tolerance: number): void {
  const difference = Math.max(...a.map((value, index) => Math.abs(value - b[index]!)));
  const most = tolerance * Math.max(...a);
  if (a.length !== b.length || !(difference < most)) {
    throw new Error(`${pair}: outputs differ by ${difference}, expected less than ${most}`);
  }
}

/** The program prints its own median as JSON. */
function timed(args: readonly string[]): Measured {
  const { median: ms, output } = JSON.parse(run(args).trim().split('\n').at(-1)!);
  return { ms, output };
}

function wallTime(args: readonly string[]): number {
  const start = performance.now();
  run(args);
  return performance.now() - start;
}

function run(args: readonly string[], pinned = pinning): string {
  const [command, ...rest] = [...pinned, flags.node, ...args];
  const { status, stdout, stderr } = spawnSync(command!, rest, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${command} ${rest.join(' ')}: ended with ${status}, expected 0\n${stderr}`);
  return stdout;
}

/** `taskset -c CORE`, or nothing where that does not exist. */
function findPinning(): readonly string[] {
  const { status } = spawnSync('taskset', ['-c', flags.core, 'true']);
  return status === 0 ? ['taskset', '-c', flags.core] : [];
}

/** A program of test/bench as plain JavaScript, two folders below the root so that it finds the kernels where src/ does. */
async function bundle(file: string): Promise<string> {
  const outfile = join(root, 'build/peers', basename(file).replace(/ts$/, 'mjs'));
  mkdirSync(join(root, 'build/peers'), { recursive: true });
  await build({
    entryPoints: [join(root, 'test/bench', file)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  return outfile;
}

async function makePhotos(): Promise<{ photo: string; size: string }[]> {
  return Promise.all(
    photos.map(async ({ from, width, height }) => {
      const photo = join(work, `${width}x${height}.jpg`);
      const source = readFileSync(join(root, 'test/photos', from));
      await sharp(source).resize(width, height, { fit: 'cover' }).jpeg({ quality: JPEG_QUALITY }).toFile(photo);
      return { photo, size: `${width}×${height}` };
    }),
  );
}

function rowOf({ pair, subject, ours, theirs, ratio, lowest, highest }: Comparison): string {
  const spread = `${lowest.toFixed(3)} – ${highest.toFixed(3)}`;
  return row([pair, subject, ours.toFixed(2), theirs.toFixed(2), ratio.toFixed(3), spread]);
}

function row([pair, subject, ...numbers]: readonly string[]): string {
  return [pair!.padEnd(21), subject!.padEnd(66), ...numbers.map((text) => text.padStart(10))].join(' ');
}

function positiveWhole(option: string, text: string): number {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value > 0))
    throw new Error(`${option} ${text}: expected a whole number above 0`);
  return value;
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
