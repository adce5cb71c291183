import { NETWORK_INPUT, type ResolvedLayer, type Shape } from './types.js';

/** What `lifetimes` needs to know of a layer, or of a step into which layers were fused. */
export interface LifetimeStep extends Pick<ResolvedLayer, 'name' | 'inputShapes' | 'outputShape'> {
  readonly inputs: readonly string[];
}

/** While which steps a map has to be kept, by index into the steps, both ends included. */
export interface Lifetime {
  /** The step that writes it, or `NETWORK_INPUT`. */
  readonly name: string;
  /** Height × width × channels. */
  readonly elements: number;
  /** The step that writes it; 0 for the network's input. */
  readonly from: number;
  /** The last step that reads it; for the network's output the last step; its own step if nothing reads it. */
  readonly to: number;
}

/** The lifetime of the network's input and of each step's output, in this order. */
export function lifetimes(steps: readonly LifetimeStep[]): readonly Lifetime[] {
  const lastReads = new Map<string, number>();
  let inputShape: Shape | undefined;
  steps.forEach(({ inputs, inputShapes }, index) => {
    for (const input of inputs) lastReads.set(input, index);
    const place = inputs.indexOf(NETWORK_INPUT);
    if (place >= 0) inputShape = inputShapes[place];
  });
  const found: Lifetime[] = [];
  if (inputShape) {
    const to = lastReads.get(NETWORK_INPUT)!;
    found.push({ name: NETWORK_INPUT, elements: countElements(inputShape), from: 0, to });
  }
  steps.forEach(({ name, outputShape }, from) => {
    const to = from === steps.length - 1 ? from : (lastReads.get(name) ?? from);
    found.push({ name, elements: countElements(outputShape), from, to });
  });
  return found;
}

/** The most elements that are alive at one step: everything it reads, writes, and keeps for later steps. */
export function largestLiveSet(steps: readonly LifetimeStep[]): number {
  const change = new Array<number>(steps.length + 1).fill(0);
  for (const { elements, from, to } of lifetimes(steps)) {
    change[from]! += elements;
    change[to + 1]! -= elements;
  }
  let live = 0;
  let largest = 0;
  for (const difference of change) {
    live += difference;
    largest = Math.max(largest, live);
  }
  return largest;
}

function countElements({ height, width, channels }: Shape): number {
  return height * width * channels;
}
