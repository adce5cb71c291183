import { countLayer } from './cost/count-layer.js';
import { storedChannels } from './engine/pack.js';
import type { Plan } from './engine/plan.js';
import { NETWORK_INPUT, type ResolvedLayer, type ResolvedNetwork, type Shape } from './networks/types.js';

/** What one step of a plan does, whatever time it takes. */
export interface StepCost {
  readonly layer: string;
  readonly kernel: string;
  readonly macs: number;
  /** Weights, inputs and output as they lie in memory, each counted once. */
  readonly bytes: number;
}

const BYTES_PER_F32 = 4;

/**
 * The MACs and bytes of each step, in order. A layer that is no step's output was folded into the step that reads it;
 * of several steps of one layer the first has its MACs and weights, the others work on the output in place.
 * `tile`: what channels are rounded up to in memory.
 */
export function costSteps(network: ResolvedNetwork, plan: Plan, tile: number): StepCost[] {
  const layers = new Map(network.layers.map((layer) => [layer.name, layer]));
  const made = new Set(plan.steps.map(({ layer }) => layer));
  const shapeOf = (value: string): Shape =>
    value === NETWORK_INPUT ? network.inputShape : layers.get(value)!.outputShape;
  const mapBytes = (value: string): number => {
    const { height, width, channels } = shapeOf(value);
    return BYTES_PER_F32 * height * width * storedChannels(value, channels, tile);
  };
  const begun = new Set<string>();
  return plan.steps.map(({ layer, kernel }) => {
    if (begun.has(layer)) return { layer, kernel, macs: 0, bytes: 2 * mapBytes(layer) };
    begun.add(layer);
    const { folded, reads } = foldedInto(layer, layers, made);
    const names = new Set(folded.map(({ name }) => name));
    const weights = plan.weights.filter((packed) => names.has(packed.layer)).map(({ bytes }) => bytes);
    const maps = [layer, ...reads].map(mapBytes);
    return { layer, kernel, macs: sum(folded.map((each) => countLayer(each).macs)), bytes: sum([...weights, ...maps]) };
  });
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
