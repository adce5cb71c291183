import { Command, Option } from 'commander';
import { printable } from '../errors/printable.js';
import { paddingConventions } from '../networks/types.js';
import type { ImportCalibration } from '../use-cases/calibrate.js';
import { parseNumber, parseWhole } from './options.js';

/** Between two lines of progress. */
const LINE_EVERY_MS = 5_000;

export interface ImportFlags {
  readonly as: string;
  readonly labels?: string;
  readonly res?: string;
  readonly model?: string;
  readonly alpha?: string;
  readonly padding?: (typeof paddingConventions)[number];
  readonly epsilon?: string;
  readonly classes?: string;
  readonly calibrate?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

/** `mobilenet import FILE --as NAME`: a checkpoint of one's own among the installed models. */
export function importCommand(): Command {
  return new Command('import')
    .description('Install weights of your own: classify --model NAME runs them from then on.')
    .argument('<file>', 'safetensors, PyTorch .pth, TFLite, ONNX, Keras .h5, or a TensorFlow.js folder')
    .requiredOption('--as <name>', 'what --model will call it')
    .option('--labels <file>', 'class names: one a line, JSON, or index,name as CSV')
    .option('--res <pixels>', 'side of the network’s input (default: what the file says, else 224, xception 299)')
    .option('--model <name>', 'the network, where names and shapes leave it open')
    .option('--alpha <number>', 'width multiplier, where several fit')
    .addOption(
      new Option('--padding <convention>', 'what “same” means (default: by origin)').choices(paddingConventions),
    )
    .option('--epsilon <number>', 'of the batch norms (default: by origin)')
    .option('--classes <count>', 'refuse a file with another number of classes')
    .option('--calibrate <folder>', 'pictures to choose integer ranges by')
    .option('--replace', 'take the place of an installed model of that name')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nNetwork, width, classes, padding, epsilon and preprocessing follow from the tensors’ names and shapes.',
    )
    .action(async (file: string, flags: ImportFlags) => {
      await runImport(file, flags);
    });
}

async function runImport(file: string, flags: ImportFlags): Promise<void> {
  const { as: name, labels, model, padding, replace, json } = flags;
  const resolution = parseWhole('--res', flags.res, 'a whole number of pixels, 1 or more');
  const classes = parseWhole('--classes', flags.classes, 'a whole number of classes, 1 or more');
  const alpha = parseNumber('--alpha', flags.alpha);
  const epsilon = parseNumber('--epsilon', flags.epsilon);
  const { importModel } = await import('../use-cases/import.js');
  const { installed, title, calibrated } = await importModel(file, {
    name,
    ...(labels !== undefined && { labels }),
    ...(resolution !== undefined && { resolution }),
    ...(classes !== undefined && { classes }),
    ...(alpha !== undefined && { alpha }),
    ...(epsilon !== undefined && { epsilon }),
    ...(model !== undefined && { model }),
    ...(padding !== undefined && { padding }),
    ...(replace !== undefined && { replace }),
    ...(flags.calibrate !== undefined && { calibrate: calibration(flags.calibrate) }),
  });
  if (json) {
    process.stdout.write(`${JSON.stringify({ model: installed, family: title }, null, 2)}\n`);
    return;
  }
  const { network, alpha: width, resolution: side, weights, dtype } = installed;
  process.stdout.write(
    `${name}: ${printable(network)} α ${width}, ${side}×${side}, ${installed.classes} classes, ` +
      `${(weights.bytes / 1e6).toFixed(1)} MB ${dtype}, taken for ${printable(title)}\n`,
  );
  if (calibrated > 0) {
    process.stdout.write(`${name}: integer ranges from ${calibrated} pictures, classify --dtype int8 uses them\n`);
  }
}

/** Pictures left out are said on stderr, and how far it is now and then. */
function calibration(folder: string): ImportCalibration {
  let last = performance.now();
  return {
    folder,
    onFault: ({ message }) => process.stderr.write(`mobilenet: ${message}\n`),
    onProgress(unit, done, total) {
      if (performance.now() - last < LINE_EVERY_MS) return;
      last = performance.now();
      process.stderr.write(`--calibrate: ${unit} ${done} of ${total}\n`);
    },
  };
}
