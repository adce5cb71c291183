import { countLayer } from '../cost/count-layer.js';
import { fuse } from '../engine/fuse.js';
import { withCopies } from '../engine/int8/copies.js';
import { storedBytes } from '../engine/int8/layouts.js';
import { floatValues, type Levels } from '../engine/int8/levels.js';
import type { KernelConstants } from '../engine/kernel-constants.js';
import type { KernelName } from '../engine/kernel-signatures.js';
import { storedChannels } from '../engine/pack.js';
import type { Plan, Step } from '../engine/plan.js';
import { elementAt } from '../errors/element-at.js';
import { NETWORK_INPUT, type ResolvedLayer, type ResolvedNetwork, type Shape } from '../networks/types.js';

/** What one step of a plan does, whatever time it takes. */
export interface StepCost {
  readonly layer: string;
  /** Of the layers folded into the step the one that multiplies and adds (of a residual block's last step the projection). */
  readonly mainLayer: string;
  readonly kernel: string;
  readonly macs: number;
  /** Weights, inputs and output as they lie in memory, each counted once. */
  readonly bytes: number;
}

const BYTES_PER_F32 = 4;

/** Values of a channel that an integer kernel reads besides weights: scales, zero points and the like. */
const CHANNEL_ROWS: Partial<Record<KernelName, number>> = {
  quantise_i8: 2,
  dequantise_i8: 2,
  global_average_pool_i8: 2,
  add_i8: 3,
  scale_i8: 3,
};

/** How maps lie in memory. */
export interface Storage {
  readonly constants: KernelConstants;
  /** Set where the plan is one in integers. */
  readonly levels?: Levels | undefined;
}

/**
 * The MACs and bytes of each step, in order. A layer that is no step's output was folded into the step that reads it;
 * of several steps of one layer, those aside that convert or lay out its input, the first has its MACs and weights, the
 * others work on the output in place.
 */
export function costSteps(given: ResolvedNetwork, plan: Plan, { constants, levels }: Storage): StepCost[] {
  const network = levels ? withCopies(given, levels.values) : given;
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  const made = new Set(plan.steps.map(({ layer }) => layer));
  const floats = floatValues(fuse(network.layers));
  const shapeOf = (value: string): Shape =>
    value === NETWORK_INPUT ? network.inputShape : layers.get(value)!.outputShape;
  const bytesOf = (value: string): number => {
    const stored = value === NETWORK_INPUT || floats.has(value) ? undefined : levels?.values.get(value);
    return stored ? storedBytes(stored, constants) : BYTES_PER_F32;
  };
  const mapBytes = (value: string, each: number): number => {
    const { height, width, channels } = shapeOf(value);
    return each * height * width * storedChannels(value, channels, constants.channelTile);
  };
  const rowBytes = (kernel: KernelName, value: string): number => {
    const channels = storedChannels(value, shapeOf(value).channels, constants.channelTile);
    return BYTES_PER_F32 * (CHANNEL_ROWS[kernel] ?? 0) * channels;
  };
  const begun = new Set<string>();
  /** Bytes of a number that a layer's own step reads, where it was converted for it. */
  const converted = new Map<string, number>();
  return plan.steps.map((step, index) => {
    const { layer, kernel } = step;
    const prepared = plan.steps[index + 1]?.layer === layer ? preparedBytes(step) : undefined;
    if (prepared !== undefined && !begun.has(layer)) {
      return { layer, mainLayer: layer, kernel, macs: 0, bytes: prepared };
    }
    if (step.kernel === 'quantise_i8' || step.kernel === 'dequantise_i8') {
      const { pixels, channels } = step.args;
      const { output, input } = step.strides as { readonly output: number; readonly input: number };
      if (!begun.has(layer)) converted.set(layer, output / channels);
      const rows = BYTES_PER_F32 * (CHANNEL_ROWS[kernel] ?? 0) * channels;
      return { layer, mainLayer: layer, kernel, macs: 0, bytes: pixels * (output + input) + rows };
    }
    if (begun.has(layer)) {
      return { layer, mainLayer: layer, kernel, macs: 0, bytes: 2 * mapBytes(layer, BYTES_PER_F32) };
    }
    begun.add(layer);
    const { folded, reads } = foldedInto(layer, layers, made);
    const names = new Set(folded.map(({ name }) => name));
    const weights = [...plan.weights, ...plan.integers]
      .filter((packed) => 'layer' in packed && names.has(packed.layer))
      .map(({ bytes }) => bytes);
    const maps = [
      mapBytes(layer, kernel.endsWith('_i8') ? bytesOf(layer) : BYTES_PER_F32),
      ...reads.map((value) => mapBytes(value, converted.get(layer) ?? bytesOf(value))),
      rowBytes(kernel, elementAt(reads, 0)),
    ];
    const counts = folded.map((each) => ({ name: each.name, macs: countLayer(each).macs }));
    const mainLayer = counts.find(({ macs }) => macs > 0)?.name ?? layer;
    return { layer, mainLayer, kernel, macs: sum(counts.map(({ macs }) => macs)), bytes: sum([...weights, ...maps]) };
  });
}

/** Bytes read and written by a step that only lays out the input of the next step of its layer. */
function preparedBytes({ kernel, args }: Step): number | undefined {
  if (kernel === 'move_f32') {
    const { inHeight, inWidth, channels, outStride, outWidth, rowStart, rowEnd } = args;
    return BYTES_PER_F32 * (inHeight * inWidth * channels + (rowEnd - rowStart) * outWidth * outStride);
  }
  if (kernel === 'repeat_channels_f32') {
    return BYTES_PER_F32 * args.pixels * (args.inStride + args.outStride);
  }
  return undefined;
}

/** The layers that a step does, back from its output to the outputs of other steps, which it reads. */
function foldedInto(output: string, layers: ReadonlyMap<string, ResolvedLayer>, made: ReadonlySet<string>) {
  const folded = new Map<string, ResolvedLayer>();
  const reads = new Set<string>();
  const visit = (name: string): void => {
    const layer = layers.get(name)!;
    folded.set(name, layer);
    for (const input of layer.inputs) {
      if (input === NETWORK_INPUT || made.has(input)) reads.add(input);
      else if (!folded.has(input)) visit(input);
    }
  };
  visit(output);
  return { folded: [...folded.values()], reads: [...reads] };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
