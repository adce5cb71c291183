import { Command, Option } from 'commander';
import { UsageError } from '../errors/errors.js';

export interface ClassifyFlags {
  readonly model?: string;
  readonly alpha?: string;
  readonly res?: string;
  readonly pull?: boolean;
  readonly weights?: readonly string[];
  readonly labels?: string;
  readonly crop?: 'center' | 'squash';
  readonly resize?: 'pil-bilinear' | 'pil-bicubic' | 'tf1-bilinear' | 'lanczos3' | 'nearest';
  readonly exact?: boolean;
  readonly dtype?: 'f32' | 'int8';
  readonly deterministic?: boolean;
  readonly threads?: string;
  readonly jobs?: string;
  readonly recursive: boolean;
  readonly hidden?: boolean;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly filesFrom?: readonly string[];
  readonly null?: boolean;
  readonly nullInput?: boolean;
  readonly nullOutput?: boolean;
  readonly shard?: string;
  readonly allowUrl?: boolean;
  readonly top?: string;
  readonly min?: string;
  readonly only?: readonly string[];
  readonly not?: readonly string[];
  readonly format?: string;
  readonly json?: boolean;
  readonly print?: string;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
  readonly hash?: boolean;
  readonly strict?: boolean;
  readonly maxPixels?: string;
  readonly timeout?: string;
  readonly progress?: boolean;
}

/** `mobilenet classify FILE|FOLDER|GLOB…` */
export function classifyCommand(): Command {
  return new Command('classify')
    .description('Say what is in pictures: JPEG, PNG, WebP, GIF, TIFF or AVIF.')
    .argument('[file...]', 'pictures, folders of them, patterns such as "*.jpg", or - for one picture on stdin')
    .option(
      '--model <name>',
      'mobilenet_v1, mobilenet_v2, xception, efficientnet_b0 or an installed one (default: mobilenet_v2)',
    )
    .option('--alpha <number>', 'width multiplier')
    .option('--res <pixels>', 'side of the network’s input')
    .option('--pull', 'fetch the model where it is neither in the box nor installed')
    .option(
      '--weights <file>',
      'weights of your own to run: safetensors, PyTorch, TFLite, ONNX, Keras or TensorFlow.js; a second graph goes on from the first',
      collect,
    )
    .option('--labels <file>', 'class names: one a line, JSON, or index,name as CSV')
    .addOption(new Option('--crop <how>', 'cut the middle out, or squash all of it').choices(['center', 'squash']))
    .addOption(
      new Option('--resize <filter>', 'how pictures are scaled').choices([
        'pil-bilinear',
        'pil-bicubic',
        'tf1-bilinear',
        'lanczos3',
        'nearest',
      ]),
    )
    .addOption(new Option('--dtype <type>', 'what to compute in (default: f32)').choices(['f32', 'int8']))
    .option('--exact', 'compute quantised .tflite weights in integers, to the bytes of TFLite’s reference kernels')
    .option('--deterministic', 'the same last digits on every runtime: without fused multiply-add, which is faster')
    .option(
      '--threads <count>',
      'threads that share the work of each picture, 1 to 64 (default: 2 where there is much work, else 1)',
    )
    .option(
      '--jobs <count>',
      'pictures at a time, a thread for each (default: the cores, where there are many pictures)',
    )
    .optionsGroup('Inputs:')
    .option('--no-recursive', 'not into folders below a folder')
    .option('--hidden', 'in folders also names that begin with a dot')
    .option('--include <glob>', 'in folders only names that fit; may be repeated', gather)
    .option('--exclude <glob>', 'in folders no names that fit; may be repeated', gather)
    .option('--files-from <file>', 'classify the files that this file, or - for stdin, names', gather)
    .option('-0, --null', 'NUL after each name, in --files-from and in the output of paths and --print')
    .option('--null-input', 'NUL after each name in --files-from')
    .option('--null-output', 'NUL after each line of --format paths and --print')
    .option('--shard <k/n>', 'only one of n parts of the inputs, by a hash of their names: 1/16 … 16/16')
    .option('--allow-url', 'fetch http:// and https:// arguments: at most 64 MiB and 2 minutes for each')
    .optionsGroup('Predictions:')
    .option('--top <count>', 'predictions for each picture (default: 5; paths: 1)')
    .option('--min <probability>', 'of these only those as probable, 0 to 1')
    .option('--only <classes>', 'of these only: labels, synset ids, indices or groups such as dog, with commas', commas)
    .option('--not <classes>', 'of these all but those', commas)
    .optionsGroup('Output:')
    .addOption(
      new Option('--format <name>', 'how to write results (default: text, or as --output ends)').choices([
        'text',
        'json',
        'jsonl',
        'csv',
        'tsv',
        'paths',
      ]),
    )
    .option('--json', 'one JSON document, as --format json')
    .option(
      '--print <template>',
      'a line for each prediction: {file} {label} {id} {index} {rank} {probability} {percent}',
    )
    .option('--output <file>', 'write there instead of to stdout')
    .option('--overwrite', 'replace what is in the output file')
    .option('--resume', 'go on with the output file (jsonl): what is in it and has not changed is not done again')
    .option('--hash', 'tell changed files by SHA-256 instead of time; rows have it')
    .option('--progress', 'say on stderr now and then how far it is')
    .optionsGroup('Faults:')
    .option('--strict', 'stop at the first picture that cannot be classified')
    .option('--max-pixels <count>', 'refuse larger pictures', '268435456')
    .option('--timeout <seconds>', 'decode in processes of their own, ended after so long; a crash costs one picture')
    .action(async (files: string[], flags: ClassifyFlags) => {
      const { runClassify } = await import('./run-classify.js');
      process.exitCode = await runClassify(files, flags);
    });
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  if (previous.length === 2)
    throw new UsageError({ where: `--weights ${value}`, problem: 'a third file', expected: 'one or two' });
  return [...previous, value];
}

function gather(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function commas(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(',').filter((each) => each.trim() !== '')];
}
