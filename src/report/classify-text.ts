import { printable } from './printable.js';
import { megas } from './units.js';

/** One class with its probability, 0…1. */
export interface Prediction {
  /** Position in the network's output. */
  readonly index: number;
  /** Synset id (WordNet 3.0 noun offset) where the labels have one. */
  readonly id: string | null;
  readonly label: string;
  readonly probability: number;
}

export interface ModelFacts {
  readonly network: string;
  readonly alpha: number;
  readonly resolution: number;
  readonly dtype: 'f32';
  /** The weights file's name. */
  readonly weights: string;
}

/** `params` are the trainable ones. */
export interface CostFacts {
  readonly macs: number;
  readonly flops: number;
  readonly params: number;
}

/** A file's name and its predictions, most probable first, percentages aligned. */
export function predictionsText(file: string, predictions: readonly Prediction[], width: number): string {
  const lines = predictions.map(({ label, probability }) => {
    const percent = `${(100 * probability).toFixed(1)} %`.padStart(7);
    return `  ${fit(printable(label), width)} ${percent}`;
  });
  return `${printable(file)}\n${lines.join('\n')}\n`;
}

/** Cut or filled to exactly `width` characters. */
function fit(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width
    ? text.padEnd(width + text.length - characters.length)
    : `${characters.slice(0, width - 1).join('')}…`;
}

/** The line under the predictions: what ran and what it costs. `ms`: network time of a picture, the median of many. */
export function modelLine(model: ModelFacts, cost: CostFacts, ms: number): string {
  const size = `${model.resolution}×${model.resolution}`;
  const parts = [
    `${printable(model.network)} α ${Number.isInteger(model.alpha) ? model.alpha.toFixed(1) : model.alpha}`,
    size,
    `${megas(cost.macs, 1)} M MACs`,
    `${megas(cost.flops, 1)} M FLOPs`,
    `${megas(cost.params, 2)} M parameters`,
    `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`,
  ];
  return `${parts.join(' · ')}\n`;
}
