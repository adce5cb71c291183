/**
 * npm run bench:peers -- [PAIR…] [--model M] [--alpha A] [--res R] [--rounds N] [--runs N] [--node PATH] [--core N]
 *                        [--folder DIR] [--json] [--file MODEL.onnx]
 * This project against the engines that a Node.js user would otherwise pick: times of one picture, as ratios
 * ours ÷ theirs. PAIR: tfjs-wasm, onnxruntime-web, onnxruntime-node (all f32, one thread, the same network with the same
 * seeded weights, outputs compared), int8 (ours in integers, theirs as f32: tfjs-wasm and onnxruntime-node), threads (one
 * picture on two threads of ours ÷ one, see threads.ts, and beside it what two processes at once do), cold (a whole process
 * from a JPEG to its prediction); all of them if none is named. With --file, MODEL.onnx takes the place of the network, and
 * the pairs are onnxruntime-web and onnxruntime-node.
 *
 * Both programs are processes of their own on one core, in turn, ours first; a ratio is that of two neighbours. Of threads
 * one and two alternate in one process, free to use every core, and its ratio is the median of its pairs. Printed are
 * the median of the ratios and the smallest and largest. The peers are installed into a temporary folder, or into
 * --folder, where they stay for the next time. --node runs both sides under another Node.js.
 * `cold` runs the built command (npm run build); its own side is `mobilenet classify`, f32 and int8, with the box's
 * default model.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import sharp from 'sharp';
import { median } from '../../src/domain/statistics.js';
import { chooseModel } from '../../src/models/choose.js';
import type { ResolvedNetwork } from '../../src/networks/types.js';
import { installPeers } from './peers/folder.js';
import { describeForPeers, type OwnFile, resolvePeerNetwork } from './peers/network-file.js';
import { type OnnxProto, writeOnnx } from './peers/onnx-file.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const programs = join(root, 'test/bench/peers');
const engines = ['tfjs-wasm', 'onnxruntime-web', 'onnxruntime-node'] as const;
const pairs = [...engines, 'int8', 'threads', 'cold'] as const;
type Pair = (typeof pairs)[number];
type Engine = (typeof engines)[number];

const int8Peers: readonly Engine[] = ['tfjs-wasm', 'onnxruntime-node'];

/** JPEGs of `cold`, from the photos that come with the project. */
const photos = [
  { from: 'alps.jpg', width: 500, height: 375 },
  { from: 'boats.jpg', width: 1600, height: 1200 },
] as const;
const JPEG_QUALITY = 90;
/** Probabilities of two engines may differ by this share of the largest; those from integers by more. */
const TOLERANCE = 1e-3;
const INTEGER_TOLERANCE = 0.05;
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

const unknown = positionals.find((each) => !(pairs as readonly string[]).includes(each));
if (unknown !== undefined) throw new Error(`${unknown}: unknown pair, expected ${pairs.join(', ')}`);
const ofFile: readonly Pair[] = ['onnxruntime-web', 'onnxruntime-node'];
const chosen: readonly Pair[] =
  positionals.length > 0 ? (positionals as Pair[]) : flags.file === undefined ? pairs : ofFile;
const unfit = flags.file !== undefined && chosen.find((each) => !ofFile.includes(each));
if (unfit) throw new Error(`${unfit}: cannot be combined with --file, expected ${ofFile.join(', ')}`);
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
  const subject =
    flags.file === undefined
      ? writeNetwork(network, description, folder)
      : await copyFile(resolve(flags.file), description);

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
  const measureEngine = (pair: Pair, dtype: 'f32' | 'int8', peer: Engine, ours: string): void => {
    const theirs =
      peer === 'tfjs-wasm'
        ? [join(programs, 'tfjs-wasm.mjs'), ...args]
        : [join(programs, 'onnxruntime.mjs'), ...args, peer.slice('onnxruntime-'.length)];
    const what = dtype === 'int8' ? `${subject} : ${peer} f32` : subject;
    add(
      compare(
        pair,
        what,
        () => timed([ours, ...args, dtype]),
        () => timed(theirs),
        dtype === 'int8' ? INTEGER_TOLERANCE : TOLERANCE,
      ),
    );
  };
  if (chosen.some((pair) => pair !== 'cold' && pair !== 'threads')) {
    const ours = await bundle('peers/ours.ts');
    for (const pair of engines.filter((each) => chosen.includes(each))) measureEngine(pair, 'f32', pair, ours);
    if (chosen.includes('int8')) for (const peer of int8Peers) measureEngine('int8', 'int8', peer, ours);
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

/** The seeded network in the forms that the programs read; gives its name. */
function writeNetwork(network: ResolvedNetwork, description: string, folder: string): string {
  const { file, floats } = describeForPeers(network);
  writeFileSync(description, JSON.stringify(file));
  writeFileSync(join(work, 'network.bin'), floats);
  const proto = createRequire(join(folder, 'package.json'))('onnx-proto') as OnnxProto;
  writeFileSync(join(work, 'network.onnx'), writeOnnx(proto, file, floats));
  return `${network.id} ${network.alpha}/${network.resolution}`;
}

/** An ONNX file in the seeded network's place; gives its name. */
async function copyFile(path: string, description: string): Promise<string> {
  const { network } = await chooseModel({ weights: [path] });
  const facts: OwnFile = { path, resolution: network.resolution };
  writeFileSync(description, JSON.stringify(facts));
  copyFileSync(path, join(work, 'network.onnx'));
  return `${basename(path)} ${network.resolution}`;
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
  const width = chosen.includes('cold') ? 61 : 46;
  return [pair!.padEnd(17), subject!.padEnd(width), ...numbers.map((text) => text.padStart(10))].join(' ');
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
