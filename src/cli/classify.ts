import { Command, Option } from 'commander';
import { UsageError } from '../errors.js';

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
  readonly top: string;
  readonly json?: boolean;
}

/** `mobilenet classify FILE…` */
export function classifyCommand(): Command {
  return new Command('classify')
    .description('Say what is in pictures: JPEG, PNG, WebP, GIF, TIFF or AVIF.')
    .argument('<file...>', 'pictures')
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
    .option('--top <count>', 'predictions for each picture', '5')
    .option('--json', 'one JSON document on stdout')
    .action(async (files: string[], flags: ClassifyFlags) => {
      const { runClassify } = await import('./run-classify.js');
      process.exitCode = await runClassify(files, flags);
    });
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  if (previous.length === 2) throw new UsageError(`--weights ${value}: a third file, expected one or two`);
  return [...previous, value];
}
