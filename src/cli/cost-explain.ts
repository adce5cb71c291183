import { Command } from 'commander';
import { UsageError } from '../errors/errors.js';
import { addOutputOptions, type OutputFlags, readFormat } from './cost-options.js';
import { parseNumber, parseWhole } from './options.js';

export interface ExplainFlags extends OutputFlags {
  readonly model?: string;
  readonly layer?: string;
  readonly dk?: string;
  readonly m?: string;
  readonly n?: string;
  readonly df?: string;
  readonly alpha?: string;
  readonly rho?: string;
  readonly res?: string;
}

/** The layer that the paper's table 3 is about: 14 × 14 × 512. */
const DEFAULT_LAYER = 'conv_dw_7';

export function explainCommand(): Command {
  const command = new Command('explain')
    .description('Why a separable convolution is cheaper: the papers’ formulas with numbers put in.')
    .option('--model <name>', 'network that the layer is in (default: mobilenet_v1)')
    .option('--layer <name>', `depthwise or pointwise layer (default: ${DEFAULT_LAYER}, that of the paper’s table 3)`)
    .option('--res <pixels>', 'side of the network’s input')
    .option('--dk <size>', 'D_K, side of the window (instead of --layer, with --m, --n and --df)')
    .option('--m <channels>', 'M, input channels')
    .option('--n <channels>', 'N, output channels')
    .option('--df <size>', 'D_F, side of the output map')
    .option('--alpha <number>', 'width multiplier to show the effect of (default: 0.75)')
    .option('--rho <number>', 'resolution multiplier to show the effect of (default: 0.714)');
  addOutputOptions(command).action(async (flags: ExplainFlags) => {
    await runExplain(flags, (text) => process.stdout.write(text));
  });
  return command;
}

/** Throws UsageError for sizes or a layer that do not exist. */
export async function runExplain(flags: ExplainFlags, print: (text: string) => void): Promise<void> {
  const alpha = parseNumber('--alpha', flags.alpha);
  const rho = parseNumber('--rho', flags.rho);
  const resolution = parseWhole('--res', flags.res, 'a whole number of pixels, 1 or more');
  readFormat(flags);
  const [
    { findNetwork },
    { resolve },
    { blockOfLayer, explainBlock, PAPER_ALPHA },
    { explainSections },
    { printPage },
  ] = await Promise.all([
    import('../networks/index.js'),
    import('../networks/resolve.js'),
    import('../cost/explain.js'),
    import('../report/explain-text.js'),
    import('./cost-print.js'),
  ]);
  const size = (name: 'dk' | 'm' | 'n' | 'df') => parseWhole(`--${name}`, flags[name], 'a whole number, 1 or more');
  const [dk, m, n, df] = [size('dk'), size('m'), size('n'), size('df')];
  const given = [dk, m, n, df].filter((value) => value !== undefined).length;
  if (given > 0 && flags.layer !== undefined) {
    throw new UsageError({ where: '--layer', expected: 'either a layer or --dk, --m, --n and --df' });
  }
  if (given > 0 && given < 4)
    throw new UsageError({ where: 'cost explain', expected: 'all of --dk, --m, --n and --df' });
  const effects = { ...(alpha !== undefined && { alpha }), ...(rho !== undefined && { rho }) };
  let explanation: ReturnType<typeof explainBlock>;
  if (given === 4) explanation = explainBlock({ dk: dk!, m: m!, n: n!, df: df! }, effects);
  else {
    const id = flags.model ?? 'mobilenet_v1';
    const entry = findNetwork(id);
    const build = (options = {}) =>
      resolve(entry.build(options), { resolution: resolution ?? entry.defaultResolution });
    const network = build();
    const firstDepthwise = network.layers.find(({ kind }) => kind === 'depthwise')?.name;
    const layer = flags.layer ?? (id === 'mobilenet_v1' ? DEFAULT_LAYER : (firstDepthwise ?? DEFAULT_LAYER));
    const block = blockOfLayer(network, layer);
    const { m, n } = entry.hasAlpha ? blockOfLayer(build({ alpha: alpha ?? PAPER_ALPHA }), layer) : block;
    explanation = explainBlock(block, {
      ...effects,
      ...(entry.hasAlpha && { narrow: { m, n } }),
      layer: `${id} ${layer}`,
    });
  }
  await printPage(flags, explanation, explainSections(explanation), print);
}
