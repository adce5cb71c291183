import { Command, Option } from 'commander';
import { UsageError } from '../errors.js';
import { parseNumber, parseWhole } from './options.js';

export interface BenchFlags {
  readonly model: string;
  readonly alpha?: string;
  readonly res?: string;
  readonly dtype: 'f32';
  readonly threads: string;
  readonly runs?: string;
  readonly deterministic?: boolean;
  readonly layers?: boolean;
  readonly json?: boolean;
}

/** `mobilenet bench`: how fast a network runs here. */
export function benchCommand(): Command {
  return new Command('bench')
    .description('Measure how fast a network runs here, and how near that is to the processor’s limit.')
    .option('--model <name>', 'mobilenet_v1, mobilenet_v2, xception or efficientnet_b0', 'mobilenet_v1')
    .option('--alpha <number>', 'width multiplier (default: 1)')
    .option('--res <pixels>', 'side of the network’s input (default: 224, xception 299)')
    .addOption(new Option('--dtype <type>', 'numbers to compute with').choices(['f32']).default('f32'))
    .option('--threads <count>', 'threads for one picture: 1', '1')
    .option('--runs <count>', 'runs after the warm-up (default: 40, fewer for a slow network)')
    .option('--deterministic', 'the kernels whose last digits are the same on every runtime')
    .option('--layers', 'a row for each step, and where the slowest lie under the roofline')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nWeights are those of the box where it has the model, else seeded random ones; the picture is random.' +
        '\nGMAC/s = 10⁹ multiply-accumulates a second. The SIMD ceiling, measured between the runs, is what one thread' +
        '\nreaches by multiplying and adding alone.',
    )
    .action(async (flags: BenchFlags) => {
      await runBench(flags, (text) => process.stdout.write(text));
    });
}

/** Measures and prints. Throws UsageError for a value that no network takes. */
export async function runBench(flags: BenchFlags, print: (text: string) => void): Promise<void> {
  const alpha = parseNumber('--alpha', flags.alpha);
  const resolution = parseWhole('--res', flags.res, 'a whole number of pixels, 1 or more');
  const runs = parseWhole('--runs', flags.runs, 'a whole number of runs, 1 or more');
  const threads = parseWhole('--threads', flags.threads, 'a whole number of threads, 1 or more');
  if (threads !== 1) throw new UsageError(`--threads ${flags.threads}: expected 1`);
  const [{ bench }, { benchText }] = await Promise.all([import('../bench.js'), import('../report/bench-text.js')]);
  const { record, facts } = await bench({
    model: flags.model,
    ...(alpha !== undefined && { alpha }),
    ...(resolution !== undefined && { resolution }),
    ...(runs !== undefined && { runs }),
    deterministic: flags.deterministic ?? false,
    layers: flags.layers ?? false,
  });
  print(flags.json ? `${JSON.stringify(record, null, 2)}\n` : benchText(record, facts));
}
