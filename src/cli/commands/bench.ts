import { Command } from 'commander';
import { MOST_THREADS } from '../../domain/defaults.js';
import { listOf } from '../../domain/option-rules.js';
import { jsonDocument } from '../../report/json.js';
import { addHelpEnd } from '../options/help-end.js';
import { builtAlpha, builtResolution, json, networkWords } from '../options/model-options.js';
import { flag, oneOf, text, wholeNumber, withDefault } from '../options/option-kinds.js';
import { addOptions, readOptions } from '../options/option-table.js';

const options = {
  model: withDefault(
    text('-m, --model <name>', listOf([...networkWords, 'the name of an installed model'])),
    'mobilenet_v1',
  ),
  alpha: builtAlpha,
  resolution: builtResolution,
  dtype: withDefault(oneOf('--dtype <type>', 'what to compute in', ['f32', 'int8']), 'f32'),
  threads: withDefault(
    wholeNumber('-t, --threads <count>', `threads per image, 1 to ${MOST_THREADS}`, { most: MOST_THREADS }),
    1,
  ),
  runs: wholeNumber('--runs <count>', 'measured runs (default: 40, fewer for a slow network)', { unit: 'runs' }),
  deterministic: flag('--deterministic', 'use the kernels that give the same digits with every version of Node.js'),
  layers: flag('--layers', 'also measure every step on one thread, with a roofline plot of the slowest'),
  json,
};

/** `mobilenet bench`: how fast a network runs here. */
export function benchCommand(): Command {
  const command = new Command('bench').description(
    'Measure how fast a network runs on this machine, and compare it with the processor’s SIMD ceiling.',
  );
  addOptions(command, options);
  return addHelpEnd(command, {
    notes:
      'The image is random, and so are the weights (from a fixed seed) unless the model is bundled or installed.' +
      '\nGMAC/s: 10⁹ multiply-accumulates per second. SIMD ceiling: what one thread reaches by multiplying and adding' +
      '\nalone, measured between the runs; for several threads it is multiplied by their number. int8 without calibrated' +
      '\nranges uses 7-bit ranges taken from a random image.',
    examples: [
      'mobilenet bench --model mobilenet_v2',
      'mobilenet bench --model mobilenet_v2 --threads 2',
      'mobilenet bench --model mobilenet_v2 --dtype int8 --layers',
    ],
  }).action(async () => {
    const { json, ...choice } = readOptions(command, options);
    const [{ bench }, { benchText }] = await Promise.all([
      import('../../use-cases/bench.js'),
      import('../../report/bench-text.js'),
    ]);
    const { record, facts } = await bench(choice);
    process.stdout.write(json ? jsonDocument(record) : benchText(record, facts));
  });
}
