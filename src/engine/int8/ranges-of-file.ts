import type { LayerKind, ResolvedNetwork } from '../../networks/types.js';
import { fuse, type Operation } from '../fuse.js';
import { floatValues, type IntegerLimits, isClassifier, type Levels, type ValueLevels } from './levels.js';

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

/** What each value can be, of those that are stored in integers. */
export type FileRanges = ReadonlyMap<string, Range>;

/** What a quantised checkpoint could represent (`Layer.range`); undefined where a layer does not say. */
export function rangesOfFile(network: ResolvedNetwork): FileRanges | undefined {
  const operations = fuse(network.layers);
  const floats = floatValues(operations);
  const classifierInputs = new Set(operations.filter(isClassifier).map(({ inputs }) => inputs[0]));
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  const ranges = new Map<string, Range>();
  for (const operation of operations) {
    const { output } = operation;
    const range = layers.get(output)!.range ?? rangeOfInputs(operation, ranges);
    if (range !== undefined) ranges.set(output, range);
    else if (!floats.has(output)) return undefined;
  }
  return new Map([...ranges].filter(([name]) => !floats.has(name) || classifierInputs.has(name)));
}

/** All maps narrow, with the scale and the zero point of the file for all channels. */
export function levelsOfRanges(
  ranges: FileRanges,
  { layers }: Pick<ResolvedNetwork, 'layers'>,
  { narrowMax }: IntegerLimits,
): Levels {
  const channels = new Map(layers.map(({ name, outputShape }) => [name, outputShape.channels]));
  const values = new Map<string, ValueLevels>();
  for (const [name, range] of ranges) {
    const [low, high] = [Math.min(range[0], 0), Math.max(range[1], 0)];
    const scale = Math.max((high - low) / narrowMax, 1e-20);
    const fill = (value: number) => new Float32Array(channels.get(name)!).fill(value);
    values.set(name, { scale: fill(scale), zero: fill(Math.round(-low / scale)), mean: fill(0), wide: false });
  }
  return { values, steps: new Map() };
}
