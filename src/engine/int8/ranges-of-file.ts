import type { ResolvedNetwork } from '../../networks/types.js';
import { fuse } from '../fuse.js';
import { floatValues, isClassifier, type Levels, type ValueLevels, WIDE_MAX } from './levels.js';

/**
 * Levels from what a quantised checkpoint could represent (`Layer.range`), all of them wide; undefined where a layer does
 * not say.
 */
export function levelsFromRanges(network: ResolvedNetwork): Levels | undefined {
  const operations = fuse(network.layers);
  const floats = floatValues(operations);
  const classifierInputs = new Set(operations.filter(isClassifier).map(({ inputs }) => inputs[0]!));
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  const values = new Map<string, ValueLevels>();
  const ranges = new Map<string, readonly [number, number]>();
  for (const { output, inputs, layer } of operations) {
    const { range: stated, outputShape } = layers.get(output)!;
    // The largest of some values is one of them.
    const range = stated ?? (layer.kind === 'maxPool' ? ranges.get(inputs[0]!) : undefined);
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
