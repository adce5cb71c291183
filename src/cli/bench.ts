import { Command, Option } from 'commander';
import { parseNumber, parseWhole } from './options.js';

export interface BenchFlags {
  readonly model: string;
  readonly alpha?: string;
  readonly res?: string;
  readonly dtype: 'f32' | 'int8';
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
    .addOption(new Option('--dtype <type>', 'numbers to compute with').choices(['f32', 'int8']).default('f32'))
    .option('--threads <count>', 'threads that share the work of a picture, 1 to 64', '1')
    .option('--runs <count>', 'runs after the warm-up (default: 40, fewer for a slow network)')
    .option('--deterministic', 'the kernels whose last digits are the same on every runtime')
    .option('--layers', 'a row for each step, and where the slowest lie under the roofline')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nWeights are those of the box where it has the model, else seeded random ones; the picture is random.' +
        '\nGMAC/s = 10⁹ multiply-accumulates a second. The SIMD ceiling, measured between the runs, is what one thread' +
        '\nreaches by multiplying and adding alone, floats or integers (bytes where there is relaxed SIMD, else words);' +
        '\nwith more threads the share is that of as many ceilings. int8 without known ranges of values takes those of a' +
        '\nrandom picture, 7 bits for each value. --layers measures the steps on one thread.',
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
  const threads = parseWhole('--threads', flags.threads, 'a whole number from 1 to 64', 64);
  const [{ bench }, { benchText }] = await Promise.all([
    import('../use-cases/bench.js'),
    import('../report/bench-text.js'),
  ]);
  const { record, facts } = await bench({
    model: flags.model,
    ...(alpha !== undefined && { alpha }),
    ...(resolution !== undefined && { resolution }),
    ...(runs !== undefined && { runs }),
    ...(threads !== undefined && { threads }),
    dtype: flags.dtype,
    deterministic: flags.deterministic ?? false,
    layers: flags.layers ?? false,
  });
  print(flags.json ? `${JSON.stringify(record, null, 2)}\n` : benchText(record, facts));
}
