import { Command } from 'commander';
import { parseNumber, parseWhole } from './options.js';

export interface CostFlags {
  readonly model: string;
  readonly alpha?: string;
  readonly res?: string;
  readonly classes?: string;
  readonly layers?: boolean;
  readonly json?: boolean;
}

/** `mobilenet cost`: what a network costs. Needs neither weights nor kernels. */
export function costCommand(): Command {
  return new Command('cost')
    .description('Count what a network costs: multiply-accumulates, parameters, memory.')
    .option('--model <name>', 'mobilenet_v1, mobilenet_v2, xception, efficientnet_b0, …', 'mobilenet_v1')
    .option('--alpha <number>', 'width multiplier (default: 1)')
    .option('--res <pixels>', 'side of the network’s input (default: 224, xception 299)')
    .option('--classes <count>', 'length of the output (default: 1000)')
    .option('--layers', 'a row for each layer; the columns add up to the totals')
    .option('--json', 'one JSON document on stdout')
    .addHelpText(
      'after',
      '\nFor cost alone there are also mobilenet_v1_full_conv and mobilenet_v1_shallow, the paper’s comparisons.' +
        '\nMACs = multiply-accumulates of convolutions and dense layers, FLOPs = 2 × MACs.',
    )
    .action(async (flags: CostFlags) => {
      await runCost(flags, (text) => process.stdout.write(text));
    });
}

/** Counts and prints. Throws UsageError for a value that no network takes. */
export async function runCost(flags: CostFlags, print: (text: string) => void): Promise<void> {
  const alpha = parseNumber('--alpha', flags.alpha);
  const resolution = parseWhole('--res', flags.res, 'a whole number of pixels, 1 or more');
  const classes = parseWhole('--classes', flags.classes, 'a whole number of classes, 1 or more');
  // Loaded here, so that other commands and --help do not wait for it.
  const [{ findNetwork }, { resolve }, { cost }, { costText }] = await Promise.all([
    import('../networks/index.js'),
    import('../networks/resolve.js'),
    import('../cost/cost.js'),
    import('../report/cost-text.js'),
  ]);
  const entry = findNetwork(flags.model);
  const network = entry.build({ ...(alpha !== undefined && { alpha }), ...(classes !== undefined && { classes }) });
  const counted = cost(resolve(network, { resolution: resolution ?? entry.defaultResolution }));
  print(
    flags.json ? `${JSON.stringify(counted, null, 2)}\n` : costText(counted, entry, { layers: flags.layers ?? false }),
  );
}
