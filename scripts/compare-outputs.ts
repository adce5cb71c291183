/**
 * npm run compare-outputs -- OLD_CHECKOUT [--node PATH]: runs the same commands in an older checkout and in this one, with
 * the same inputs, and shows what differs. Exit 1 if an exit code or a format for programs does.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Command, commands, type Kind } from './compare-outputs/commands.js';
import { lineDiff } from './compare-outputs/line-diff.js';
import { mask } from './compare-outputs/masks.js';

interface Output {
  readonly name: string;
  readonly kind: Kind;
  /** Masked. */
  readonly text: string;
}

interface Outcome {
  readonly code: number | null;
  readonly outputs: readonly Output[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const inputs = {
  photos: 'test/photos',
  pictures: 'test/golden/preprocess',
  tflite: 'test/golden/tflite-tiny',
  onnx: 'test/golden/onnx-tiny',
  keras: 'test/golden/keras-hdf5',
  weights: 'test/golden/weights',
};

/** Both checkouts work in the same folder one after the other, so that the paths in their outputs are equal. */
function runAll(checkout: string, node: string, folder: string): Outcome[] {
  rmSync(folder, { recursive: true, force: true });
  copyInputs(folder);
  return commands.map((command) => run(command, join(checkout, 'bin/mobilenet.js'), node, folder));
}

function copyInputs(folder: string): void {
  for (const [name, source] of Object.entries(inputs)) {
    mkdirSync(join(folder, name), { recursive: true });
    cpSync(join(root, source), join(folder, name), { recursive: true });
    // JSONL rows have the times of the files.
    for (const file of readdirSync(join(folder, name))) utimesSync(join(folder, name, file), 1e9, 1e9);
  }
}

function run(command: Command, program: string, node: string, folder: string): Outcome {
  const { stdout, stderr, status } = spawnSync(node, [program, ...command.args], {
    cwd: folder,
    input: command.stdin ?? '',
    maxBuffer: 2 ** 28,
    env: { ...process.env, MOBILENET_HOME: join(folder, 'home'), XDG_CACHE_HOME: join(folder, 'cache'), DEBUG: '' },
  });
  const files = Object.entries(command.files ?? {}).map(([name, kind]) => {
    const path = join(folder, name);
    return { name, kind, text: existsSync(path) ? mask(readFileSync(path), kind, command) : '(no such file)' };
  });
  return {
    code: status,
    outputs: [
      { name: 'stdout', kind: command.stdout, text: mask(stdout, command.stdout, command) },
      { name: 'stderr', kind: 'text', text: mask(stderr, 'text', command) },
      ...files,
    ],
  };
}

type Verdict = 'equal' | 'text differs' | 'data differs';

/** Prints what differs. */
function compare(command: Command, before: Outcome, after: Outcome): Verdict {
  const different = after.outputs.flatMap((output, at) => {
    const lines = lineDiff(before.outputs[at]?.text ?? '', output.text);
    return lines.length === 0 ? [] : [{ ...output, lines }];
  });
  const hasOtherCode = before.code !== after.code;
  if (different.length === 0 && !hasOtherCode) return 'equal';
  console.log(`\n$ mobilenet ${command.args.join(' ')}`);
  if (hasOtherCode) console.log(`exit code: ${before.code} → ${after.code}`);
  for (const { name, kind, lines } of different) console.log([`${name} (${kind}):`, ...lines].join('\n'));
  return hasOtherCode || different.some(({ kind }) => kind !== 'text') ? 'data differs' : 'text differs';
}

function main(): void {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { node: { type: 'string' } } });
  const [old] = positionals;
  if (old === undefined) throw new Error('usage: npm run compare-outputs -- OLD_CHECKOUT [--node PATH]');
  const checkouts = [resolve(old), root];
  for (const checkout of checkouts) {
    if (!existsSync(join(checkout, 'dist/code/start.cjs'))) throw new Error(`${checkout}: not built; run: npm ci`);
  }
  const temporary = realpathSync(mkdtempSync(join(tmpdir(), 'mobilenet-compare-')));
  try {
    const node = values.node ?? process.execPath;
    const [before, after] = checkouts.map((checkout) => runAll(checkout, node, join(temporary, 'work')));
    const verdicts = commands.map((command, at) => compare(command, before![at]!, after![at]!));
    const count = (verdict: Verdict) => `${verdicts.filter((each) => each === verdict).length} ${verdict}`;
    console.log(
      `\n${commands.length} commands: ${(['equal', 'text differs', 'data differs'] as const).map(count).join(', ')}`,
    );
    process.exitCode = verdicts.includes('data differs') ? 1 : 0;
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

main();
