import { NETWORK_INPUT, type ResolvedNetwork } from '../networks/types.js';
import type { NetworkWeights } from '../weights/types.js';
import { align } from './arena.js';
import { bindCalls } from './calls.js';
import { type PackedStore, parametersOf, variantOf } from './int8/packed-store.js';
import { type Call, callKernel, orderCall } from './kernel-signatures.js';
import {
  bindKernels,
  type CompiledKernels,
  createMemory,
  type KernelMemory,
  type KernelModule,
  type Kernels,
  loadKernels,
} from './kernels.js';
import type { Floats, KeptMap, Plan, Step } from './plan.js';
import type { FoldableWeights, Preparation } from './preparation.js';
import { prepare } from './prepare.js';
import { readMap } from './read-map.js';
import type { SessionOptions } from './session.js';

/**
 * One of several ways through a network, as data for a thread of its own: all have the same memory and weights, each an
 * arena to itself, so that each runs another picture at the same time.
 */
export interface Lane {
  readonly module: CompiledKernels;
  readonly memory: KernelMemory;
  readonly calls: readonly Call[];
  readonly input: Floats;
  readonly pixels?: PixelInput;
  readonly output: Floats;
  readonly kept: readonly KeptMap[];
}

/** A picture's bytes instead of its values: where they are put, and the calls from there on. */
interface PixelInput {
  readonly address: number;
  readonly calls: readonly Call[];
}

/** A lane on this thread. */
export interface BoundLane {
  /**
   * @param picture height × width × channels: values, or (where lanes were made with values of bytes) bytes
   * @returns one value for each class, in an array of its own
   */
  run(picture: Float32Array | Uint8Array): Float32Array<ArrayBuffer>;
  /** A map of the last run, height × width × channels, in an array of its own: one that was asked for with `keep`. */
  kept(name: string): Float32Array<ArrayBuffer>;
}

export interface LaneOptions extends Pick<SessionOptions, 'deterministic' | 'levels' | 'keep' | 'packed'> {
  /** What a byte of a picture stands for in the network's input: [channels, 256], of 1 channel or 3. */
  readonly valuesOfBytes?: Float32Array | undefined;
}

/**
 * Packs the weights once for `count` lanes, or takes integers as an earlier start has packed them: then weights are not read.
 * They must have passed `checkWeights`. Throws ModelError where they do not fit.
 */
export async function createLanes(
  network: ResolvedNetwork,
  weights: NetworkWeights | (() => NetworkWeights),
  epsilon: number,
  count: number,
  { deterministic, levels: given, valuesOfBytes, keep = [], packed }: LaneOptions = {},
): Promise<readonly Lane[]> {
  const kernels = await loadKernels(deterministic ? 'plain' : 'relaxed');
  const levels = typeof given === 'function' ? given(kernels.constants) : given;
  const preparation = await prepare(network, kernels, levels);
  const reads = network.layers.filter(({ inputs }) => inputs.includes(NETWORK_INPUT)).length;
  return placeLanes(kernels, preparation, count, {
    weights: () => ({ weights: typeof weights === 'function' ? weights() : weights, epsilon }),
    keep,
    packed,
    valuesOfBytes,
    hasOneReader: reads === 1,
  });
}

interface LanePlacing extends Pick<LaneOptions, 'valuesOfBytes'> {
  readonly packed?: PackedStore | undefined;
  readonly keep?: readonly string[] | undefined;
  weights(): FoldableWeights;
  /** Whether the first step alone reads the picture. */
  readonly hasOneReader: boolean;
}

/** Lanes of a network that has been prepared: packs its weights. */
export function placeLanes(
  kernels: KernelModule,
  preparation: Preparation,
  count: number,
  { weights, valuesOfBytes, hasOneReader, keep = [], packed }: LanePlacing,
): readonly Lane[] {
  const layout = (shift: number) => preparation.plan({ shift, keep });
  const first = layout(0);
  const arenaBytes = align(first.memoryBytes - first.arenaAddress);
  const plans = [first, ...Array.from({ length: count - 1 }, (_, index) => layout((index + 1) * arenaBytes))];
  const table = align(plans.at(-1)!.memoryBytes);
  const memory = createMemory(table + (valuesOfBytes ? TABLE_ROOM * TABLE_BYTES : 0));
  const bound = bindKernels(kernels, memory);
  const variant = first.integers.length > 0 ? variantOf(kernels, keep, 'lanes') : undefined;
  const parameters = parametersOf(first, kernels, memory);
  if (!variant || !packed || !restore(packed, variant, first, parameters)) {
    preparation.pack(first, weights(), { memory: memory.buffer, kernels: bound, staging: first.arenaAddress });
    const { weights: _weights, integers: _integers, ...rest } = first;
    if (variant) packed?.keep(variant, rest, parameters);
  }
  const only = hasOneReader ? first.steps[0] : undefined;
  const asBytes = valuesOfBytes && takeBytes(valuesOfBytes, table, only, memory, bound);
  return plans.map((each) => ({
    module: kernels.module,
    memory,
    calls: each.steps.map(orderCall),
    input: each.input,
    ...(asBytes && { pixels: asBytes(each) }),
    output: each.output,
    kept: each.kept,
  }));
}

/** Whether an earlier start has packed parameters for the very same plan. */
function restore(packed: PackedStore, variant: string, plan: Plan, parameters: Uint8Array): boolean {
  const found = packed.find(variant);
  const stepsOf = ({ steps }: Pick<Plan, 'steps'>) => JSON.stringify(steps.map(orderCall));
  if (found?.bytes !== parameters.length || stepsOf(found.plan) !== stepsOf(plan)) return false;
  if (found.read(parameters)) return true;
  parameters.fill(0);
  return false;
}

/** The kernels look up three bytes at once, each in a table of its own. */
const TABLES = 3;
const TABLE_BYTES = 4 * TABLES * 256;
/** How often the room of the tables is needed: for them, and for the integers that they give. */
const TABLE_ROOM = 2;

/**
 * Makes the memory ready for pictures of bytes, at `address` with TABLE_ROOM times TABLE_BYTES.
 * @param reader the step that alone reads the picture, if there is one
 * @returns how a plan with these steps takes bytes
 */
function takeBytes(
  values: Float32Array,
  address: number,
  reader: Step | undefined,
  memory: KernelMemory,
  kernels: Kernels,
): (plan: Plan) => PixelInput {
  const isColour = values.length === TABLES * 256;
  if (isColour && reader?.kernel === 'quantise_i8' && keepsBytes(values, address, reader, memory, kernels)) {
    return ({ input, steps: [first, ...rest] }) => {
      const { output, pixels: runs, format } = (first as QuantiseStep).args;
      const args = { output, input: input.address, runs, format };
      return { address: input.address, calls: [{ kernel: 'pixels_i8', args } as const, ...rest].map(orderCall) };
    };
  }
  // One channel's table serves for each of three neighbouring pixels.
  const tables = Float32Array.from({ length: TABLES * 256 }, (_, at) => values[at % values.length]!);
  new Float32Array(memory.buffer, address, tables.length).set(tables);
  return ({ input, steps }) => {
    // Written over from the start while they are read from the end.
    const bytes = input.address + 3 * input.length;
    const triples = Math.ceil(input.length / TABLES);
    const args = { output: input.address, input: bytes, table: address, pixels: triples };
    return { address: bytes, calls: [{ kernel: 'look_up_f32', args } as const, ...steps].map(orderCall) };
  };
}

type QuantiseStep = Extract<Step, { readonly kernel: 'quantise_i8' }>;

/** Whether `quantise_i8` makes the very bytes of what stands for them, as it does for a picture's own levels (`withPicture`). */
function keepsBytes(
  values: Float32Array,
  address: number,
  { args, strides }: QuantiseStep,
  { buffer }: KernelMemory,
  kernels: Kernels,
): boolean {
  const { channels: run } = args;
  const from = address + values.byteLength;
  new Float32Array(buffer, from, values.length).set(
    values.map((_, at) => values[(at % TABLES) * 256 + Math.floor(at / TABLES)]!),
  );
  callKernel(kernels, {
    kernel: 'quantise_i8',
    args: { ...args, output: address, input: from, pixels: values.length / run },
  });
  const levels = new (strides!.output === run ? Uint8Array : Int16Array)(buffer, address, values.length);
  return levels.every((level, at) => level === Math.floor(at / TABLES));
}

/** Makes a lane ready to run on this thread. */
export function bindLane({ module, memory, calls, input, pixels, output, kept }: Lane): BoundLane {
  const [runValues, runPixels] = bindCalls(module, memory, [[calls, pixels?.calls ?? []]])[0]!;
  const probabilities = new Float32Array(memory.buffer, output.address, output.length);
  const values = new Float32Array(memory.buffer, input.address, input.length);
  const bytes = pixels && new Uint8Array(memory.buffer, pixels.address, input.length);
  return {
    run(picture) {
      if (picture instanceof Float32Array) {
        values.set(picture);
        runValues!();
      } else {
        bytes!.set(picture);
        runPixels!();
      }
      return new Float32Array(probabilities);
    },
    kept: (name) => readMap({ kept }, name, memory.buffer),
  };
}
