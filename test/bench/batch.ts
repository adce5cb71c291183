/**
 * npx tsx test/bench/batch.ts [PICTURES] [--count N] [--rounds N] [--model M] [--node PATH] [--folder DIR] [--json]
 * Pictures a second of `mobilenet classify` (the built command) over a folder, and of the loop that a user of TensorFlow.js
 * would write: sharp, then tfjs-backend-wasm, one picture after the other, with the same network and the same weights (the
 * box's MobileNetV2 unless --model says otherwise). Whole processes in turn: ours in floats, theirs, ours in integers, and
 * ours on one core (taskset). Printed are the medians of the rates and of the ratios, with the smallest and largest, and in
 * how many pictures the top class is the same: the loop scales with sharp, which shrinks while it decodes.
 * PICTURES: a folder, by default test/photos; links to them are made until there are --count (500).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../../src/domain/statistics.js';
import { chooseModel } from '../../src/models/choose.js';
import { installPeers } from './peers/folder.js';
import { describeForPeers } from './peers/network-file.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '3' },
    model: { type: 'string', default: 'mobilenet_v2' },
    node: { type: 'string', default: process.execPath },
    folder: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(flags.count);
const rounds = Number(flags.rounds);
/** Another scaling and other rounding move a few pictures to another class, no more. */
const LEAST_AGREEMENT = 0.8;

interface Batch {
  readonly rate: number;
  readonly classes: readonly number[];
}

const work = mkdtempSync(join(tmpdir(), 'mobilenet-batches-'));
try {
  const peers = flags.folder === undefined ? join(work, 'peers') : resolve(flags.folder);
  installPeers(peers);
  const pictures = linkPictures(resolve(positionals[0] ?? join(root, 'test/photos')));
  const model = await chooseModel({ model: flags.model });
  const { file, floats } = describeForPeers(model.network, model.readWeights(), model.epsilon);
  const description = join(work, 'network.json');
  writeFileSync(description, JSON.stringify(file));
  writeFileSync(join(work, 'network.bin'), floats);
  const loop = [join(root, 'test/bench/peers/tfjs-batch.mjs'), peers, description];

  const ours = (dtype: string, pinning: readonly string[] = []): Batch => {
    const output = join(work, 'rows.jsonl');
    const args = [join(root, 'bin/mobilenet.js'), 'classify', pictures, '--model', flags.model, '--dtype', dtype];
    const seconds = run([...args, '--top', '1', '--output', output, '--overwrite'], pinning).seconds;
    const rows = readFileSync(output, 'utf8').trimEnd().split('\n');
    return { rate: count / seconds, classes: rows.map((row) => JSON.parse(row).predictions[0].index) };
  };
  const theirs = (): Batch => {
    const { seconds, stdout } = run([...loop, JSON.stringify(model.preprocessing), pictures]);
    return { rate: count / seconds, classes: stdout.trimEnd().split('\n').map(Number) };
  };
  const measured = Array.from({ length: rounds }, () => ({
    f32: ours('f32'),
    tfjs: theirs(),
    int8: ours('int8'),
    ...(spawnSync('taskset', ['-c', '0', 'true']).status === 0 && {
      f32OneCore: ours('f32', ['taskset', '-c', '0']),
      int8OneCore: ours('int8', ['taskset', '-c', '0']),
    }),
  }));
  report(measured);
} finally {
  rmSync(work, { recursive: true });
}

type Round = Readonly<Record<'f32' | 'tfjs' | 'int8', Batch> & Partial<Record<'f32OneCore' | 'int8OneCore', Batch>>>;

function report(measured: readonly Round[]): void {
  const rates = Object.keys(measured[0]!).map((name) => [
    name,
    Number(median(measured.map((each) => each[name as keyof Round]!.rate)).toFixed(1)),
  ]);
  const pairs = [
    ['f32', 'tfjs'],
    ['int8', 'tfjs'],
    ['f32', 'f32OneCore'],
    ['int8', 'int8OneCore'],
  ] as const;
  const ratios = pairs
    .filter(([, other]) => measured[0]![other])
    .map(([one, other]) => {
      const found = measured.map((each) => each[one].rate / each[other]!.rate);
      const round = (value: number) => Number(value.toFixed(2));
      const [lowest, highest] = [round(Math.min(...found)), round(Math.max(...found))];
      return { pair: `${one} : ${other}`, ratio: round(median(found)), lowest, highest };
    });
  const agreement = (['f32', 'int8'] as const).map((name) => {
    const { [name]: own, tfjs } = measured[0]!;
    const same = own.classes.filter((index, at) => index === tfjs.classes[at]).length / count;
    if (!(same >= LEAST_AGREEMENT)) throw new Error(`${name}: ${same} of the top classes as theirs, expected most`);
    return [name, same] as const;
  });
  const record = {
    node: run(['--version']).stdout.trim(),
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    model: flags.model,
    pictures: count,
    rounds,
    picturesPerSecond: Object.fromEntries(rates),
    ratios,
    sameTopClass: Object.fromEntries(agreement),
  };
  if (flags.json) console.log(JSON.stringify(record, null, 2));
  else {
    console.log(`${record.model}, ${count} pictures, ${rounds} rounds, Node.js ${record.node}, ${record.cpu}`);
    for (const [name, rate] of rates) console.log(`${String(name).padEnd(20)} ${rate} pictures/s`);
    for (const { pair, ratio, lowest, highest } of ratios)
      console.log(`${pair.padEnd(20)} ${ratio} (${lowest} – ${highest})`);
    for (const [name, same] of agreement) console.log(`${`${name}: top class`.padEnd(20)} as theirs in ${same}`);
  }
}

function linkPictures(folder: string): string {
  const endings = new Set(['.jpg', '.jpeg', '.png', '.webp']);
  const files = readdirSync(folder).filter((name) => endings.has(extname(name).toLowerCase()));
  if (files.length === 0) throw new Error(`${folder}: no pictures, expected some`);
  const links = join(work, 'pictures');
  mkdirSync(links);
  for (let index = 0; index < count; index++) {
    const name = files[index % files.length]!;
    symlinkSync(join(folder, name), join(links, `${String(index).padStart(6, '0')}${extname(name)}`));
  }
  return links;
}

function run(args: readonly string[], pinning: readonly string[] = []): { stdout: string; seconds: number } {
  const [command, ...rest] = [...pinning, flags.node, ...args];
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(command!, rest, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${command} ${rest.join(' ')}: ended with ${status}, expected 0\n${stderr}`);
  return { stdout, seconds: (performance.now() - start) / 1000 };
}
