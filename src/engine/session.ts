import type { ResolvedNetwork } from '../networks/types.js';
import type { Allocate } from '../untrusted-data/regular-file.js';
import type { NetworkWeights } from '../weights/types.js';
import { align } from './arena.js';
import type { IntegerLimits, Levels } from './int8/levels.js';
import type { PackedStore } from './int8/packed-store.js';
import { orderCall } from './kernel-signatures.js';
import { bindKernels, createMemory, type KernelMemory, type KernelModule, loadKernels } from './kernels.js';
import type { Plan } from './plan.js';
import type { Crew, Pool } from './pool.js';
import { prepare } from './prepare.js';
import { readMap } from './read-map.js';

export interface SessionOptions {
  /** Threads that share each run, 1 to MOST_THREADS; 1 where nothing is said. The results are the same bit for bit. */
  readonly threads?: number;
  /** Floats to the same last digits on every runtime: the kernels without fused multiply-add, which are slower. */
  readonly deterministic?: boolean;
  /** How maps are stored in integers, from a calibration: the network runs in integers instead of floats. */
  readonly levels?: Levels | ((limits: IntegerLimits) => Levels);
  /** Where the parameters of a network in integers may be packed already: then neither levels nor weights are read. */
  readonly packed?: PackedStore;
  /**
   * For a few runs with one thread: the length of the file of weights that `weights` will read into what it allocates, with
   * all linear layers' weights in half precision. They stay there and are widened in each run, so that nothing is packed.
   */
  readonly halfFileBytes?: number;
  /** Layers whose maps can be read after each run; none by default. */
  readonly keep?: readonly string[];
}

/** A network with its weights in memory, ready to run many pictures one after another. */
export interface Session {
  readonly plan: Plan;
  /** Write the prepared picture here, height × width × channels, then `run`. */
  readonly input: Float32Array;
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
  const { threads = 1 } = options;
  const crew = threads > 1 ? (await import('./pool.js')).startCrew(threads) : undefined;
  try {
    const kernels = await loadKernels(options.deterministic ? 'plain' : 'relaxed');
    return bindSession(await prepareMemory(kernels, crew), kernels, crew, options);
  } catch (error) {
    crew?.close();
    throw error;
  }
}

function bindSession(
  { layout, memory, pool, isRestored }: Prepared,
  kernels: KernelModule,
  crew: Crew | undefined,
  options: SessionOptions,
): Session {
  const bound = bindKernels(kernels, memory);
  const calls = layout.steps.map((step) => ({
    call: bound[step.kernel] as (...args: readonly number[]) => void,
    args: orderCall(step).args,
  }));
  const output = new Float32Array(memory.buffer, layout.output.address, layout.output.length);
  return {
    plan: layout,
    threads: crew?.threads ?? 1,
    input: new Float32Array(memory.buffer, layout.input.address, layout.input.length),
    run() {
      if (pool) pool.run();
      else for (const { call, args } of calls) call(...args);
      return output.slice();
    },
    kept: (name) => readMap(layout, name, memory.buffer),
    runStep(index) {
      const { call, args } = calls[index]!;
      call(...args);
    },
    close() {
      crew?.close();
    },
    keep() {
      if (isRestored || layout.integers.length === 0) return;
      const variant = variantOf(kernels, crew, options);
      const { weights: _weights, integers: _integers, ...rest } = layout;
      if (variant !== undefined) options.packed?.keep(variant, rest, parametersOf(layout, kernels, memory));
    },
  };
}

/** A plan and memory with all parameters in it. */
export interface Prepared {
  readonly layout: Plan;
  readonly memory: KernelMemory;
  readonly pool: Pool | undefined;
  /** Packed by an earlier start. */
  readonly isRestored?: boolean;
}

/** What parameters depend on beside network and weights; undefined where that cannot be told. */
function variantOf(
  { checksum, constants }: KernelModule,
  crew: Crew | undefined,
  { keep = [] }: SessionOptions,
): string | undefined {
  // A plan that keeps maps has other addresses, and is not kept: commands that need maps run many pictures, or once.
  if (keep.length > 0 || checksum === undefined) return undefined;
  // The same kernels with bytes of narrow integers in one version of Node.js, and with words in another.
  return `${checksum}.${constants.narrowBytes}.${crew?.threads ?? 1}`;
}

function parametersOf({ arenaAddress }: Plan, { constants }: KernelModule, memory: KernelMemory): Uint8Array {
  const base = align(constants.heapBase);
  return new Uint8Array(memory.buffer, base, arenaAddress - base);
}

/** From an earlier start, where it has packed the very same. */
function restore(kernels: KernelModule, crew: Crew | undefined, options: SessionOptions): Prepared | undefined {
  const { levels, packed } = options;
  const variant = levels && variantOf(kernels, crew, options);
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
  { levels: given, halfFileBytes, keep = [] }: SessionOptions,
): Promise<Prepared> {
  const threads = crew?.threads ?? 1;
  const levels = typeof given === 'function' ? given(kernels.constants) : given;
  const preparation = await prepare(network, kernels, levels);
  const kept = levels || crew ? undefined : halfFileBytes;
  const layout = preparation.plan({ threads, keep, shift: align(kept ?? 0), keepsHalf: kept !== undefined });
  const room = preparation.stagingBytes(layout);
  // A file of weights that does not stay lies where activations will: they have not begun, and its pages are not touched
  // for it alone.
  const fileAddress = layout.arenaAddress - align(kept ?? 0);
  const begin = (fileBytes: number) => {
    const staging = kept === undefined ? fileAddress + align(fileBytes) : layout.arenaAddress;
    const memory = createMemory(Math.max(layout.memoryBytes, staging + room));
    return { memory, staging, pool: crew?.assign(layout, kernels, memory) };
  };
  let begun: ReturnType<typeof begin> | undefined;
  const allocate = (bytes: number): Uint8Array => {
    if (begun || bytes > (kept ?? MOST_FILE_BYTES)) return new Uint8Array(bytes);
    begun = begin(bytes);
    return new Uint8Array(begun.memory.buffer, fileAddress, bytes);
  };
  const found = typeof weights === 'function' ? weights(allocate) : weights;
  const { memory, staging, pool } = begun ?? begin(0);
  const target = { memory: memory.buffer, kernels: bindKernels(kernels, memory), staging };
  preparation.pack(layout, { weights: found, epsilon }, target);
  return { layout, memory, pool };
}
