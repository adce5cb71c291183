import { Command } from 'commander';
import { blockOfLayer, type Explanation, explainBlock, PAPER_ALPHA } from '../../cost/explain.js';
import { UsageError } from '../../errors/errors.js';
import { findNetwork } from '../../networks/index.js';
import { resolve } from '../../networks/resolve.js';
import { explainSections } from '../../report/explain-text.js';
import { addHelpEnd } from '../options/help-end.js';
import { alpha, builtResolution } from '../options/model-options.js';
import { positiveNumber, text, wholeNumber, withDefault } from '../options/option-kinds.js';
import { addOptions, type OptionValues, readOptions } from '../options/option-table.js';
import { pageOptions, readPageFormat } from '../options/page-options.js';
import { print } from '../terminal/stdout.js';
import { formatPage } from './cost-page.js';

const DEFAULT_MODEL = 'mobilenet_v1';
/** The layer that the paper's table 3 is about: 14 × 14 × 512. */
const DEFAULT_LAYER = 'conv_dw_7';

const layerOptions = {
  model: withDefault(text('-m, --model <name>', 'the network that the layer is in'), DEFAULT_MODEL),
  layer: text(
    '--layer <name>',
    `a depthwise or pointwise layer (default: ${DEFAULT_LAYER} of ${DEFAULT_MODEL}, as in the paper’s table 3; otherwise the first depthwise layer)`,
  ),
  resolution: builtResolution,
};
const sizeOptions = {
  dk: wholeNumber('--dk <size>', 'D_K: side of the kernel'),
  m: wholeNumber('--m <channels>', 'M: input channels'),
  n: wholeNumber('--n <channels>', 'N: output channels'),
  df: wholeNumber('--df <size>', 'D_F: side of the output map'),
};
const effectOptions = {
  alpha: { ...alpha, help: 'show the effect of this width multiplier α (default: 0.75)' },
  rho: positiveNumber('--rho <number>', 'show the effect of this resolution multiplier ρ (default: 0.714)'),
};
export const explainOptions = { ...layerOptions, ...sizeOptions, ...effectOptions, ...pageOptions };

type ExplainFlags = OptionValues<typeof explainOptions>;

/** `mobilenet cost explain` */
export function explainCommand(): Command {
  const command = new Command('explain').description(
    'Explain why a separable convolution is cheaper: the papers’ formulas, with the numbers filled in.',
  );
  addOptions(command, layerOptions, 'Layer of a network:');
  addOptions(command, sizeOptions, 'Or the sizes of a layer:');
  addOptions(command, effectOptions, 'Multipliers:');
  addOptions(command, pageOptions, 'Output:');
  return addHelpEnd(command, {
    examples: [
      'mobilenet cost explain',
      'mobilenet cost explain --layer conv_dw_3 --rho 0.5',
      'mobilenet cost explain --dk 3 --m 512 --n 512 --df 14 --alpha 0.5',
    ],
  }).action(async () => {
    await runExplain(readOptions(command, explainOptions), print);
  });
}

/** Throws UsageError for sizes or a layer that do not exist. */
export async function runExplain(flags: ExplainFlags, print: (page: string) => void): Promise<void> {
  const format = readPageFormat(flags);
  const { dk, m, n, df } = flags;
  const given = [dk, m, n, df].filter((value) => value !== undefined).length;
  if (given > 0 && flags.layer !== undefined) {
    throw new UsageError({ where: '--layer', problem: 'cannot be combined with --dk, --m, --n and --df' });
  }
  if (given > 0 && given < 4) {
    throw new UsageError({ where: 'cost explain', problem: 'needs all of --dk, --m, --n and --df' });
  }
  const { alpha, rho } = flags;
  const effects = { ...(alpha !== undefined && { alpha }), ...(rho !== undefined && { rho }) };
  const explanation =
    given === 4 ? explainBlock({ dk: dk!, m: m!, n: n!, df: df! }, effects) : explainLayer(flags, effects);
  print(formatPage(format, explanation, explainSections(explanation)));
}

function explainLayer(
  { model, layer: named, resolution, alpha }: ExplainFlags,
  effects: { readonly alpha?: number; readonly rho?: number },
): Explanation {
  const entry = findNetwork(model);
  const build = (options = {}) => resolve(entry.build(options), { resolution: resolution ?? entry.defaultResolution });
  const network = build();
  const firstDepthwise = network.layers.find(({ kind }) => kind === 'depthwise')?.name;
  const layer = named ?? (model === DEFAULT_MODEL ? DEFAULT_LAYER : (firstDepthwise ?? DEFAULT_LAYER));
  const block = blockOfLayer(network, layer);
  const { m, n } = entry.hasAlpha ? blockOfLayer(build({ alpha: alpha ?? PAPER_ALPHA }), layer) : block;
  return explainBlock(block, { ...effects, ...(entry.hasAlpha && { narrow: { m, n } }), layer: `${model} ${layer}` });
}
