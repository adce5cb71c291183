import { elementAt } from '../../errors/element-at.js';
import { ModelError } from '../../errors/errors.js';
import type { QuantisedGraph, QuantisedLayer, QuantisedMap } from '../../weights/quantised-graph.js';
import { type FixedMultiplier, quantiseMultiplier } from './multiplier.js';
import { softmaxMultiplier } from './softmax.js';

/** Bits by which TFLite enlarges the terms of a sum before it rescales them. */
export const ADD_SHIFT = 20;

/**
 * What a layer multiplies by to get from its sums to units of its output. Linear layers: one, or one for each channel; a sum:
 * those of its terms, then its own; a mean, a rescaling, a softmax: one; a pool: none.
 * @throws ModelError for scales that no multiplier holds
 */
export function multipliersOf(layer: QuantisedLayer, graph: QuantisedGraph): readonly FixedMultiplier[] {
  const maps = layer.inputs.map((map) => elementAt(graph.maps, map));
  const output = elementAt(graph.maps, layer.output);
  const fix = (real: number) => quantiseMultiplier(real) ?? refuse(graph, layer, real);
  const input = elementAt(maps, 0);
  switch (layer.kind) {
    case 'conv':
    case 'depthwise':
      return layer.multipliers.map(fix);
    case 'rescale':
      return [fix(layer.multiplier)];
    case 'add':
      return addMultipliers(maps, output, fix, (real) => refuse(graph, layer, real));
    case 'mean':
      return [meanMultiplier(fix(input.scale / output.scale), input)];
    case 'softmax':
      return [softmaxMultiplier(input.scale) ?? refuse(graph, layer, input.scale)];
    default:
      return [];
  }
}

/** @throws ModelError for scales that no multiplier holds */
export function checkScales(graph: QuantisedGraph): void {
  for (const layer of graph.layers) multipliersOf(layer, graph);
}

function addMultipliers(
  maps: readonly QuantisedMap[],
  output: QuantisedMap,
  fix: (real: number) => FixedMultiplier,
  refuseSum: (real: number) => never,
): readonly FixedMultiplier[] {
  const largest = 2 * Math.max(...maps.map(({ scale }) => scale));
  const real = largest / (2 ** ADD_SHIFT * output.scale);
  if (!(real < 1)) return refuseSum(real);
  return [...maps.map(({ scale }) => fix(scale / largest)), fix(real)];
}

/** The mean is one multiplication of the sum: the multiplier takes over the division by the count. */
function meanMultiplier(ratio: FixedMultiplier, { shape }: QuantisedMap): FixedMultiplier {
  const pixels = shape.height * shape.width;
  const shift = Math.min(31 - Math.clz32(pixels), 32, 31 + ratio.shift);
  const mantissa = Number((BigInt(ratio.mantissa) << BigInt(shift)) / BigInt(pixels));
  return { mantissa, shift: ratio.shift - shift };
}

function refuse({ where }: QuantisedGraph, { kind }: QuantisedLayer, value: number): never {
  throw new ModelError('weights-damaged', {
    where,
    problem: `${kind} rescales by ${value}`,
    expected: 'scales nearer to each other',
  });
}
