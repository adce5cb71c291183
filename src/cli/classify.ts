import { Command, InvalidArgumentError, Option } from 'commander';

interface ClassifyFlags {
  model?: string;
  alpha?: number;
  res?: number;
  weights?: string[];
  labels?: string;
  crop?: 'center' | 'squash';
  resize?: string;
  top: number;
  json?: boolean;
}

/** `mobilenet classify FILE…` */
export function classifyCommand(): Command {
  return new Command('classify')
    .description('Say what is in pictures: JPEG, PNG, WebP, GIF, TIFF or AVIF.')
    .argument('<file...>', 'pictures')
    .option('--model <name>', 'mobilenet_v1, mobilenet_v2, xception or efficientnet_b0 (default: mobilenet_v2)')
    .option('--alpha <number>', 'width multiplier', positiveNumber)
    .option('--res <pixels>', 'side of the network’s input', positiveInteger)
    .option('--weights <file>', 'weights to run, .tflite; twice: the second file takes what the first gives', collect)
    .option('--labels <file>', 'class names: one a line, JSON, or index,name lines')
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
    .option('--top <count>', 'predictions for each picture', positiveInteger, 5)
    .option('--json', 'one JSON document on stdout')
    .action(async (files: string[], flags: ClassifyFlags) => {
      const { runClassify } = await import('./run-classify.js');
      process.exitCode = await runClassify(files, flags);
    });
}

export type { ClassifyFlags };

function collect(value: string, previous: string[] = []): string[] {
  if (previous.length === 2) throw new InvalidArgumentError('Expected one or two files.');
  return [...previous, value];
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

export function positiveInteger(text: string): number {
  const value = positiveNumber(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('Expected a whole number above 0.');
  return value;
}
