import type { LayerKind, ResolvedNetwork } from '../../networks/types.js';
import { fuse, type Operation } from '../fuse.js';
import { floatValues, isClassifier, type Levels, type ValueLevels, WIDE_MAX } from './levels.js';

type Range = readonly [minimum: number, maximum: number];

/** Layers whose values are some of their inputs', or lie between them (or zero, which every range of levels has). */
const WITHIN_INPUTS: ReadonlySet<LayerKind> = new Set([
  ...(['maxPool', 'averagePool', 'concat', 'slice', 'crop', 'pad', 'resize'] as const),
]);

function rangeOfInputs({ layer, inputs }: Operation, ranges: ReadonlyMap<string, Range>): Range | undefined {
  if (!WITHIN_INPUTS.has(layer.kind)) return undefined;
  const found = inputs.map((name) => ranges.get(name));
  if (!found.every((range) => range !== undefined)) return undefined;
  const edge = layer.kind === 'pad' ? [layer.value] : [];
  return [Math.min(...found.map(([low]) => low), ...edge), Math.max(...found.map(([, high]) => high), ...edge)];
}

/**
 * Ranges from what a quantised checkpoint could represent (`Layer.range`), all of them wide; undefined where a layer does
 * not say.
 */
export function rangesOfFile(network: ResolvedNetwork): Levels | undefined {
  const operations = fuse(network.layers);
  const floats = floatValues(operations);
  const classifierInputs = new Set(operations.filter(isClassifier).map(({ inputs }) => inputs[0]));
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  const values = new Map<string, ValueLevels>();
  const ranges = new Map<string, Range>();
  for (const operation of operations) {
    const { output } = operation;
    const { range: stated, outputShape } = layers.get(output)!;
    const range = stated ?? rangeOfInputs(operation, ranges);
    if (range !== undefined) ranges.set(output, range);
    if (range === undefined) {
      if (!floats.has(output)) return undefined;
      continue;
    }
    if (floats.has(output) && !classifierInputs.has(output)) continue;
    const [low, high] = [Math.min(range[0], 0), Math.max(range[1], 0)];
    const scale = Math.max((high - low) / WIDE_MAX, 1e-20);
    const fill = (value: number) => new Float32Array(outputShape.channels).fill(value);
    values.set(output, { scale: fill(scale), zero: fill(Math.round(-low / scale)), mean: fill(0), wide: true });
  }
  return { values, steps: new Map() };
}
