import { Command } from 'commander';
import { UsageError } from '../../errors/errors.js';
import { printable } from '../../errors/printable.js';
import { isNetworkId } from '../../networks/index.js';
import { calibrationText, calibrationWarnings } from '../../report/calibration-text.js';
import { jsonDocument } from '../../report/json.js';
import { alphaText, sizeText } from '../../report/units.js';
import type { ImportCalibration } from '../../use-cases/calibrate.js';
import type { Imported } from '../../use-cases/import.js';
import { addHelpEnd } from '../options/help-end.js';
import {
  alpha,
  input,
  json,
  labels,
  mean,
  outputName,
  padding,
  quiet,
  resolution,
  std,
} from '../options/model-options.js';
import { flag, modelName, positiveNumber, text, wholeNumber } from '../options/option-kinds.js';
import { addOptions, type OptionValues, readOptions } from '../options/option-table.js';
import { weightsWords } from '../options/weights-words.js';

/** Between two lines of progress. */
const LINE_EVERY_MS = 5_000;

const options = {
  name: modelName('--as <name>', 'name of the installed model, for --model'),
  bundle: text('--bundle <folder>', 'install all models of a folder that pull --to has written'),
  labels,
  input,
  mean,
  std,
  outputName,
  calibrate: text('--calibrate <folder>', 'choose integer ranges with the images in this folder, for --dtype int8'),
  model: text('-m, --model <name>', 'the network, if the file leaves it open'),
  alpha: { ...alpha, help: 'width multiplier α, if the file leaves it open' },
  resolution: {
    ...resolution,
    help: `side of the network’s square input (default: as in the file, otherwise the network’s own, usually 224)`,
  },
  padding,
  epsilon: positiveNumber('--epsilon <number>', 'epsilon of batch normalisation (default: by the file’s origin)'),
  classes: wholeNumber('--classes <count>', 'fail if the file has another number of classes', { unit: 'classes' }),
  replace: flag('--replace', 'replace an installed model of this name'),
  json,
  quiet,
};

/** `mobilenet import FILE --as NAME`: a checkpoint of one's own among the installed models. */
export function importCommand(): Command {
  const command = new Command('import')
    .description('Install your own weights, to run them with classify --model NAME.')
    .argument('[file]', weightsWords);
  addOptions(command, options);
  return addHelpEnd(command, {
    notes:
      'A file that has a graph runs as its graph says. A file that has only tensors must be of one of the networks that' +
      '\n“mobilenet classify --help” lists; it is recognised by their names and shapes.' +
      '\nLabels and the input range are read from the file or from files beside it.',
    examples: [
      'mobilenet import flowers.h5 --as flowers --labels flowers.txt',
      'mobilenet import flowers.h5 --as flowers --calibrate photos --replace',
      'mobilenet classify --model flowers rose.jpg',
      'mobilenet import --bundle usb/models',
    ],
  }).action(async (file: string | undefined) => {
    const values = readOptions(command, options);
    if (values.bundle === undefined) return runImport(file, values);
    const { bundle, replace = false, json = false, quiet: _, ...others } = values;
    refuseWithBundle(file, others);
    const { runImportBundle } = await import('./import-bundle.js');
    return runImportBundle(bundle, { replace, json });
  });
}

/** What a bundle says itself. */
function refuseWithBundle(file: string | undefined, others: Partial<OptionValues<typeof options>>): void {
  const problem = 'not possible together with --bundle';
  if (file !== undefined) throw new UsageError({ where: printable(file), problem });
  const [name] = Object.keys(others) as (keyof typeof options)[];
  if (name !== undefined) throw new UsageError({ where: /--[\w-]+/.exec(options[name].flags)![0], problem });
}

async function runImport(
  file: string | undefined,
  { name, bundle: _, calibrate, json, quiet = false, ...choice }: OptionValues<typeof options>,
): Promise<void> {
  const remedy = 'see mobilenet import --help';
  if (file === undefined) throw new UsageError({ problem: 'missing argument <file>, or --bundle <folder>', remedy });
  const { looksLikeBundle } = await import('../../store/bundle.js');
  if (looksLikeBundle(file)) {
    const where = printable(file);
    throw new UsageError({ where, problem: 'a bundle', remedy: `run: mobilenet import --bundle ${where}` });
  }
  if (name === undefined) throw new UsageError({ problem: `missing option ${options.name.flags}`, remedy });
  const { importModel } = await import('../../use-cases/import.js');
  const imported = await importModel(file, {
    ...choice,
    name,
    ...(calibrate !== undefined && { calibrate: calibration(calibrate, quiet) }),
  });
  const { installed, title, notes } = imported;
  const { calibration: found } = installed;
  const warnings = calibrate !== undefined && found ? calibrationWarnings(calibrate, found) : [];
  for (const note of quiet ? [] : [...notes, ...warnings]) process.stderr.write(`mobilenet: ${printable(note)}\n`);
  process.stdout.write(json ? jsonDocument({ model: installed, family: title }) : importedText(imported));
}

function importedText({ installed, title }: Imported): string {
  const { name, network, alpha, resolution, classes, weights, dtype, calibration } = installed;
  const isKnown = isNetworkId(network);
  const parts = [
    isKnown ? `${network} α ${alphaText(alpha)}` : printable(network),
    `${resolution}×${resolution}`,
    `${classes} classes`,
    `${sizeText(weights.bytes, 1)} ${dtype}`,
    ...(isKnown ? [`recognised as ${printable(title)}`] : []),
  ];
  const lines = [`${name}: ${parts.join(', ')}`, ...(calibration ? calibrationText(name, calibration) : [])];
  return lines.map((line) => `${line}\n`).join('');
}

/** Images that are left out, and progress now and then, go to stderr. */
function calibration(folder: string, quiet: boolean): ImportCalibration {
  let last = performance.now();
  return {
    folder,
    onError: ({ message }) => process.stderr.write(`mobilenet: ${message}\n`),
    onProgress(unit, done, total) {
      if (quiet || performance.now() - last < LINE_EVERY_MS) return;
      last = performance.now();
      process.stderr.write(`calibrating: ${unit === 'picture' ? 'image' : 'layer'} ${done} of ${total}\n`);
    },
  };
}
