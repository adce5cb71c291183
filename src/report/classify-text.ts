import type { CostFacts, ModelFacts, Prediction } from '../domain/classification.js';
import { printable } from '../errors/printable.js';
import { isNetworkId } from '../networks/index.js';
import { alphaText, countText } from './units.js';

/** Labels share a column at least and at most this wide, in characters. */
const NARROWEST = 36;
const WIDEST = 72;

/** A file's name and its predictions, most probable first, percentages in a column. */
export function predictionsText(file: string, predictions: readonly Prediction[]): string {
  const rows = predictions.map(({ label, probability }) => ({ label: [...printable(label)], probability }));
  const longest = Math.max(NARROWEST, ...rows.map(({ label }) => label.length));
  const width = Math.min(longest, WIDEST);
  const lines = rows.map(({ label, probability }) => {
    const percent = `${(100 * probability).toFixed(1)} %`.padStart(7);
    return `  ${fit(label, width)} ${percent}`;
  });
  return `${[printable(file), ...lines].join('\n')}\n`;
}

/** Cut or filled to exactly `width` characters. */
function fit(characters: readonly string[], width: number): string {
  if (characters.length > width) return `${characters.slice(0, width - 1).join('')}…`;
  return characters.join('') + ' '.repeat(width - characters.length);
}

/** The line under the predictions: what ran and what it costs. `ms`: network time of a picture, the median of many. */
export function modelLine(model: ModelFacts, cost: CostFacts, ms: number): string {
  const size = `${model.resolution}×${model.resolution}`;
  const parts = [
    isNetworkId(model.network) ? `${model.network} α ${alphaText(model.alpha)}` : printable(model.network),
    size,
    ...(model.output === 'independent' ? ['independent probabilities, which need not add up to 100 %'] : []),
    `${countText(cost.macs, 1)} MACs`,
    `${countText(cost.flops, 1)} FLOPs`,
    `${countText(cost.params, 2)} parameters`,
    `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`,
  ];
  return `${parts.join(' · ')}\n`;
}
