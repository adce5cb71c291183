import type { Cost } from '../cost/cost.js';
import { alignColumns } from './columns.js';
import { alphaText, grouped, megabytes } from './units.js';

/** What the counts mean; printed wherever they are. */
export const CONVENTION = 'MACs = multiply-accumulates of convolutions and dense layers, FLOPs = 2 × MACs.';

/** What the text says about the network besides its counts. */
export interface NetworkFacts {
  readonly title: string;
  readonly paper: string;
  readonly published: readonly { readonly alphas: readonly number[]; readonly resolutions: readonly number[] }[];
  readonly hasAlpha: boolean;
}

/** A cost as a page of text: totals, the standard-convolution twin, shares by kind; with `layers` a row for each. */
export function costText(cost: Cost, facts: NetworkFacts, options: { readonly layers?: boolean } = {}): string {
  const { alpha, resolution, classes } = cost;
  const head = `${facts.title} · α ${alphaText(alpha)} · ${resolution}×${resolution} · ${grouped(classes)} classes`;
  const sections = [
    [head, facts.paper, ...remarks(cost, facts)],
    totals(cost),
    shares(cost),
    options.layers ? layerRows(cost) : [],
    [CONVENTION],
  ];
  const written = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${written.join('\n\n')}\n`;
}

function remarks({ alpha, resolution, published }: Cost, facts: NetworkFacts): readonly string[] {
  const lines: string[] = [];
  if (!facts.hasAlpha && alpha !== 1) {
    lines.push(`${facts.title} has no width multiplier: α ${alphaText(alpha)} is an extension of this program.`);
  }
  if (!published) {
    const sets = facts.published.map(
      ({ alphas, resolutions }) => `α ${alphas.map(alphaText).join(', ')} at ${resolutions.join(', ')}`,
    );
    lines.push(`α ${alphaText(alpha)} at ${resolution} is not published; published: ${sets.join('; ')}.`);
  }
  return lines;
}

function totals({ macs, flops, params, memory, standard }: Cost): readonly string[] {
  const times = (ratio: number) => `${ratio.toFixed(2)} ×`;
  const row = (name: string, own: number, twin: number) => [name, grouped(own), grouped(twin), times(twin / own)];
  return alignColumns(
    [
      ['', 'network', 'standard convolutions', 'saving'],
      row('MACs', macs, standard.macs),
      row('FLOPs', flops, standard.flops),
      row('parameters, trainable', params.trainable, standard.params.trainable),
      row('  weights alone', params.weights, standard.params.weights),
      row('  batch norm folded', params.folded, standard.params.folded),
      row('  with running statistics', params.total, standard.params.total),
      ['memory, weights (folded, f32)', megabytes(memory.weights)],
      ['memory, largest live activations', megabytes(memory.activations)],
    ],
    ['left', 'right', 'right', 'right'],
  );
}

function shares({ kinds, macs, params }: Cost): readonly string[] {
  const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`;
  return alignColumns(
    [
      ['kind', 'MACs', 'share', 'weights', 'share'],
      ...kinds.map((kind) => [
        kind.kind,
        grouped(kind.macs),
        percent(kind.macs, macs),
        grouped(kind.weights),
        percent(kind.weights, params.weights),
      ]),
    ],
    ['left', 'right', 'right', 'right', 'right'],
  );
}

function layerRows({ layers, macs, params }: Cost): readonly string[] {
  return alignColumns(
    [
      ['layer', 'kind', 'input', 'output', 'MACs', 'parameters'],
      ...layers.map(({ name, kind, input, output, macs: own, params: count }) => [
        name,
        kind,
        input.join('×'),
        output.join('×'),
        grouped(own),
        grouped(count),
      ]),
      ['total', '', '', '', grouped(macs), grouped(params.total)],
    ],
    ['left', 'left', 'left', 'left', 'right', 'right'],
  );
}
