import { conventionIds, parameterRules } from '../../cost/conventions.js';
import type { SummaryOptions } from '../../cost/summary.js';
import { flag, oneOf, wholeNumber } from './option-kinds.js';
import { type OptionValues, pick } from './option-table.js';

/** What is counted, and how. */
export const countingOptions = {
  convention: oneOf('--convention <name>', 'count as this paper or tool does', conventionIds),
  flopsPerMac: oneOf('--flops-per-mac <count>', 'FLOPs per multiply-accumulate', ['1', '2']),
  countBatchNorm: flag('--count-bn', 'count batch normalisation: 2 per element'),
  countBias: flag('--count-bias', 'count bias additions: 1 each'),
  countPool: flag('--count-pool', 'count pooling: 1 per element read'),
  params: oneOf('--params <rule>', 'which parameters to count', parameterRules),
  classes: wholeNumber('--classes <count>', 'number of classes (default: 1000)', { unit: 'classes' }),
};

export function readCounting(flags: OptionValues<typeof countingOptions>): SummaryOptions {
  const { flopsPerMac, ...counting } = pick(flags, countingOptions);
  return { ...counting, ...(flopsPerMac !== undefined && { flopsPerMac: flopsPerMac === '1' ? 1 : 2 }) };
}
