import type { PixelKernels } from '../domain/pixel-kernels.js';
import type { ResolvedNetwork } from '../networks/types.js';
import type { Allocate, OpenedParts } from '../untrusted-data/regular-file.js';
import type { NetworkWeights } from '../weights/types.js';
import { align } from './arena.js';
import { bindBand } from './bind-band.js';
import type { IntegerLimits, Levels } from './int8/levels.js';
import { type PackedStore, parametersOf, variantOf } from './int8/packed-store.js';
import { orderCall } from './kernel-signatures.js';
import {
  bindKernels,
  createMemory,
  type KernelMemory,
  type KernelModule,
  type KernelPace,
  type Kernels,
  loadKernels,
} from './kernels.js';
import { pixelKernelsIn } from './pixels.js';
import type { Plan, Step } from './plan.js';
import type { Crew, Pool } from './pool.js';
import { prepare } from './prepare.js';
import { readMap } from './read-map.js';

export interface SessionOptions {
  /** Threads that share each run, 1 to MOST_THREADS; 1 where nothing is said. The results are the same bit for bit. */
  readonly threads?: number;
  /** Floats to the same last digits on every runtime: the kernels without fused multiply-add, which are slower. */
  readonly deterministic?: boolean;
  /** Other than 'many-runs', the default, where the process ends after few pictures, on one thread. */
  readonly pace?: KernelPace;
  /** How maps are stored in integers, from a calibration: the network runs in integers instead of floats. */
  readonly levels?: Levels | ((limits: IntegerLimits) => Levels);
  /** Where the parameters of a network in integers may be packed already: then neither levels nor weights are read. */
  readonly packed?: PackedStore;
  /**
   * For a few runs with one thread, instead of `weights`: linear layers' weights stay in their file, in half precision. Each
   * run reads and widens them layer by layer, so that nothing is packed and the memory of maps serves for them as well:
   * touching new memory takes longer than reading.
   */
  readonly openHalves?: OpenHalves;
  /** Layers whose maps can be read after each run; none by default. */
  readonly keep?: readonly string[];
}

/** A network with its weights in memory, ready to run many pictures one after another. */
export interface Session {
  readonly plan: Plan;
  /** Write the prepared picture here, height × width × channels, then `run`. */
  readonly input: Float32Array;
  /** Prepare pictures in memory that nothing is in between two runs: its pages need not be touched for that alone. */
  readonly pixels: PixelKernels;
  readonly threads: number;
  /**
   * One value for each class, in an array of its own.
   * Throws RuntimeError where one of several threads failed or is gone; from then on always.
   */
  run(): Float32Array;
  /** A map of the last run, height × width × channels, in an array of its own: one that was asked for with `keep`. */
  kept(name: string): Float32Array<ArrayBuffer>;
  /** Runs one step of the plan by itself, on this thread, for measuring: all of them in order do what `run` does. */
  runStep(index: number): void;
  /** Ends the other threads, if there are any; the session must not run any more. They keep no process alive. */
  close(): void;
  /** Puts parameters that were packed for this session where the next one finds them. */
  keep(): void;
}

/** Weights of which those of linear layers, in half precision, are still in their file. */
export interface HalfWeights {
  /** All are views of what was allocated, each at its place in the file; what is still in the file is not there yet. */
  readonly weights: NetworkWeights;
  readonly file: OpenedParts;
}

/**
 * @param allocate gives zeroed memory for as many bytes as the file has
 * @param left layers whose weights are left in the file
 */
export type OpenHalves = (allocate: Allocate, left: ReadonlySet<string>) => HalfWeights;

type WeightsSource = NetworkWeights | ((allocate: Allocate) => NetworkWeights);

/** A longer file is read into memory of its own: the kernels' addresses are 32-bit integers. */
const MOST_FILE_BYTES = 2 ** 28;

/**
 * Plans the network, packs its weights, binds the kernels. Other threads start up meanwhile; nothing waits for them.
 * `weights`, or what `weights` reads once the threads have been started, must have passed `checkWeights`; a file that it
 * reads into what it allocates lies in the session's memory and needs none of its own. `epsilon` is the batch norm's where
 * it is not folded yet.
 */
export async function createSession(
  network: ResolvedNetwork,
  weights: WeightsSource,
  epsilon: number,
  options: SessionOptions = {},
): Promise<Session> {
  return startSession(
    options,
    async (kernels, crew) =>
      restore(kernels, crew, options) ?? (await packParameters(network, kernels, weights, epsilon, crew, options)),
  );
}

type Prepare = (kernels: KernelModule, crew: Crew | undefined) => Promise<Prepared>;

/** A session on memory that `prepareMemory` fills; other threads start up meanwhile. */
export async function startSession(options: SessionOptions, prepareMemory: Prepare): Promise<Session> {
  const { threads = 1, pace } = options;
  const crew = threads > 1 ? (await import('./pool.js')).startCrew(threads) : undefined;
  try {
    const kernels = await loadKernels(options.deterministic ? 'plain' : 'relaxed', pace);
    return bindSession(await prepareMemory(kernels, crew), kernels, crew, options);
  } catch (error) {
    crew?.close();
    throw error;
  }
}

function bindSession(
  { layout, memory, pool, isRestored, parts }: Prepared,
  kernels: KernelModule,
  crew: Crew | undefined,
  options: SessionOptions,
): Session {
  const bound = bindKernels(kernels, memory);
  const calls = bindSteps(layout, bound, memory, parts);
  const output = new Float32Array(memory.buffer, layout.output.address, layout.output.length);
  return {
    plan: layout,
    threads: crew?.threads ?? 1,
    input: new Float32Array(memory.buffer, layout.input.address, layout.input.length),
    pixels: pixelKernelsIn(kernels, { memory, kernels: bound, ...besideInput(layout) }),
    run() {
      if (pool) pool.run();
      else for (const call of calls) call();
      parts?.file.refuseChanged();
      return output.slice();
    },
    kept: (name) => readMap(layout, name, memory.buffer),
    runStep(index) {
      calls[index]!();
    },
    close() {
      crew?.close();
      parts?.file.close();
    },
    keep() {
      if (isRestored || layout.integers.length === 0) return;
      const variant = variantOf(kernels, options.keep, crew?.threads ?? 1);
      const { weights: _weights, integers: _integers, ...rest } = layout;
      if (variant !== undefined) options.packed?.keep(variant, rest, parametersOf(layout, kernels, memory));
    },
  };
}

/** What runs each step; all steps of a band run with its first one. */
function bindSteps({ steps, bands = [] }: Plan, kernels: Kernels, memory: KernelMemory, parts: Parts | undefined) {
  const calls = steps.map((step) => {
    const call = kernels[step.kernel] as (...args: readonly number[]) => void;
    const { args } = orderCall(step);
    const bring = parts?.bringerOf(step);
    return () => {
      bring?.();
      call(...args);
    };
  });
  for (const band of bands) {
    const run = bindBand(band, steps, kernels, memory.buffer);
    const bring = parts?.bringerOf(steps[band.first]!);
    calls.fill(() => {}, band.first, band.reader + 1);
    calls[band.first] = () => {
      bring?.();
      run();
    };
  }
  return calls;
}

/** The larger part of the arena that the input is not in. */
function besideInput({ arenaAddress, memoryBytes, input }: Plan): { readonly address: number; readonly bytes: number } {
  const behind = align(input.address + input.length * Float32Array.BYTES_PER_ELEMENT);
  const [before, after] = [input.address - arenaAddress, Math.max(0, memoryBytes - behind)];
  return before > after ? { address: arenaAddress, bytes: before } : { address: behind, bytes: after };
}

/** A plan and memory with all parameters in it. */
export interface Prepared {
  readonly layout: Plan;
  readonly memory: KernelMemory;
  readonly pool: Pool | undefined;
  /** Packed by an earlier start. */
  readonly isRestored?: boolean;
  /** Weights that are read in each run. */
  readonly parts?: Parts | undefined;
}

/** From an earlier start, where it has packed the very same. */
function restore(kernels: KernelModule, crew: Crew | undefined, options: SessionOptions): Prepared | undefined {
  const { levels, packed } = options;
  const variant = levels && variantOf(kernels, options.keep, crew?.threads ?? 1);
  const found = variant && packed?.find(variant);
  if (!found) return undefined;
  const layout: Plan = { ...found.plan, weights: [], integers: [] };
  const memory = createMemory(layout.memoryBytes);
  const parameters = parametersOf(layout, kernels, memory);
  if (parameters.length !== found.bytes || !found.read(parameters)) return undefined;
  return { layout, memory, pool: crew?.assign(layout, kernels, memory), isRestored: true };
}

async function packParameters(
  network: ResolvedNetwork,
  kernels: KernelModule,
  weights: WeightsSource,
  epsilon: number,
  crew: Crew | undefined,
  { levels: given, openHalves, keep = [] }: SessionOptions,
): Promise<Prepared> {
  const threads = crew?.threads ?? 1;
  const levels = typeof given === 'function' ? given(kernels.constants) : given;
  const preparation = await prepare(network, kernels, levels);
  const open = levels || crew ? undefined : openHalves;
  const layout = preparation.plan({ threads, keep, keepsHalf: open !== undefined });
  const room = preparation.stagingBytes(layout);
  // The file lies where activations will: they have not begun, and its pages are not touched for it alone.
  const { arenaAddress } = layout;
  const begin = (fileBytes: number) => {
    const staging = arenaAddress + align(fileBytes);
    const memory = createMemory(Math.max(layout.memoryBytes, staging + room));
    return { memory, staging, pool: crew?.assign(layout, kernels, memory) };
  };
  let begun: ReturnType<typeof begin> | undefined;
  const allocate = (bytes: number): Uint8Array => {
    if (begun || bytes > MOST_FILE_BYTES) return new Uint8Array(bytes);
    begun = begin(bytes);
    return new Uint8Array(begun.memory.buffer, arenaAddress, bytes);
  };
  const halves = open?.(allocate, new Set(leftLayers(layout).values()));
  const found = halves?.weights ?? (typeof weights === 'function' ? weights(allocate) : weights);
  const { memory, staging, pool } = begun ?? begin(0);
  const target = { memory: memory.buffer, kernels: bindKernels(kernels, memory), staging };
  preparation.pack(layout, { weights: found, epsilon }, target);
  return {
    layout,
    memory,
    pool,
    parts: halves && partsOf(halves, layout, { memory: memory.buffer, address: arenaAddress }),
  };
}

interface Parts {
  readonly file: OpenedParts;
  /** What brings a step's weights to where it reads them; nothing for a step that reads none of the file's. */
  bringerOf(step: Step): (() => void) | undefined;
}

/** Layers whose weights are read in each run, by the address of their biases. */
function leftLayers(layout: Plan): ReadonlyMap<number, string> {
  return new Map(layout.weights.flatMap((each) => (each.layout === 'biases' ? [[each.address, each.layer]] : [])));
}

/** @param start where the file begins whose places the weights have */
function partsOf(
  { file, weights }: HalfWeights,
  layout: Plan,
  { memory, address }: { readonly memory: ArrayBufferLike; readonly address: number },
): Parts {
  const layers = leftLayers(layout);
  return {
    file,
    bringerOf({ args }) {
      if (!('halves' in args)) return undefined;
      const layer = layers.get(args.biases)!;
      const { data } = weights.get(layer)!.weights;
      if (data.buffer !== memory || !(data instanceof Uint16Array)) {
        throw new Error(`${layer}: weights are not half precision in the session's memory`);
      }
      const target = new Uint8Array(memory, args.halves, data.byteLength);
      return () => file.read(target, data.byteOffset - address);
    },
  };
}
