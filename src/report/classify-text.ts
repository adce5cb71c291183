import {
  type CostFacts,
  type ModelFacts,
  type PictureFacts,
  type RowPrediction,
  UNKNOWN,
  type UnknownFacts,
} from '../domain/classification.js';
import { printable } from '../errors/printable.js';
import { isNetworkId } from '../networks/index.js';
import { pictureNotes } from './picture-notes.js';
import { alphaText, countText } from './units.js';

/** Labels share a column at least and at most this wide, in characters: a row has 80. */
const NARROWEST = 36;
const WIDEST = 68;

/** Names of pictures share a column at most this wide; longer ones are not cut. */
const WIDEST_NAME = 60;

/** Of `100.0 %`. */
const PERCENT_WIDTH = 7;

/** What is less would be shown as 0.0 %. */
const LEAST_SHOWN = 0.0005;

/** What the text says besides the predictions. */
type TextFacts = PictureFacts & { readonly unknown?: UnknownFacts };

/** A file's name and its predictions, most probable first, percentages in a column. */
export function predictionsText(file: string, predictions: readonly RowPrediction[], facts: TextFacts = {}): string {
  const name = `${printable(file)}${inBrackets(facts)}`;
  const [nearest] = predictions;
  if (facts.unknown && nearest) return `${name}\n  ${unknownText(nearest)}\n`;
  const shown = predictions.filter(({ probability }, at) => at === 0 || probability >= LEAST_SHOWN);
  const rows = shown.map((prediction) => ({ ...prediction, label: [...shortLabel(prediction)] }));
  const longest = Math.max(NARROWEST, ...rows.map(({ label }) => label.length));
  const width = Math.min(longest, WIDEST);
  const lines = rows.map(({ label, probability }) => {
    return `  ${fit(label, width)} ${percentText(probability)}`;
  });
  return `${[name, ...lines].join('\n')}\n`;
}

/**
 * Writes a line for each of several pictures: name, probability and label of the most probable class.
 * @param names of the first pictures
 */
export function lineWriter(names: readonly string[]): typeof predictionsText {
  const width = Math.min(WIDEST_NAME, Math.max(0, ...names.map((name) => [...printable(name)].length)));
  return (file, [first], facts) => {
    if (!first) return '';
    const name = printable(file);
    const shown = facts?.unknown ? ['', unknownText(first)] : [percentText(first.probability), shortLabel(first)];
    const [percent, label] = shown as [string, string];
    const gap = ' '.repeat(Math.max(0, width - [...name].length));
    return `${name}${gap}  ${percent.padStart(PERCENT_WIDTH)}  ${label}${inBrackets(facts)}\n`;
  };
}

function unknownText(nearest: RowPrediction): string {
  return `${UNKNOWN} (nearest: ${shortLabel(nearest)})`;
}

function inBrackets(facts: PictureFacts = {}): string {
  const notes = pictureNotes(facts);
  return notes === '' ? '' : ` (${notes})`;
}

export function percentText(probability: number): string {
  const percent = probability < LEAST_SHOWN ? '<0.1' : (100 * probability).toFixed(1);
  return `${percent} %`.padStart(PERCENT_WIDTH);
}

/** The first name of a synset, which has several; labels without an id are one name, commas or not. */
export function shortLabel({ id, label }: RowPrediction): string {
  return printable(id === null ? label : label.split(', ', 1).join());
}

/** Cut or filled to exactly `width` characters. */
function fit(characters: readonly string[], width: number): string {
  if (characters.length > width) return `${characters.slice(0, width - 1).join('')}…`;
  return characters.join('') + ' '.repeat(width - characters.length);
}

/** The line under the predictions: what ran and what it costs. `ms`: network time of a picture, the median of many. */
export function modelLine(model: ModelFacts, cost: CostFacts, ms: number): string {
  const parts = [
    isNetworkId(model.network) ? `${model.network} α ${alphaText(model.alpha)}` : printable(model.network),
    `${model.resolution}×${model.resolution}`,
    ...trainedElsewhere(model),
    ...(model.dtype === 'f32' ? [] : [model.dtype === 'exact' ? 'exact int8' : model.dtype]),
    ...(model.output === 'independent' ? ['independent probabilities, which need not add up to 100 %'] : []),
    `${countText(cost.macs, 1)} MACs`,
    `${countText(cost.flops, 1)} FLOPs`,
    `${countText(cost.params, 2)} parameters`,
    `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`,
  ];
  return `${parts.join(' · ')}\n`;
}

/** `weights trained at 224`, where they run at another resolution. */
export function trainedElsewhere(model: Pick<ModelFacts, 'resolution' | 'trainedResolution'>): readonly string[] {
  const { resolution, trainedResolution: trained } = model;
  return trained === null || trained === resolution ? [] : [`weights trained at ${trained}`];
}
