import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { loadKernels } from '../../src/engine/kernels.js';
import { plan } from '../../src/engine/plan.js';
import { splitSteps } from '../../src/engine/pool.js';
import { createSession, type Session } from '../../src/engine/session.js';
import { RuntimeError } from '../../src/errors/errors.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import type { PaddingConvention, ResolvedNetwork } from '../../src/networks/types.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';

const EPSILON = 1e-3;

function networkOf(id: string, alpha: number, resolution: number, padding: PaddingConvention): ResolvedNetwork {
  const network = buildNetwork(id, { alpha, classes: 1001 });
  // With random weights Xception is so sure of itself that its probabilities are 0 and 1.
  const layers = id === 'xception' ? network.layers.filter(({ kind }) => kind !== 'softmax') : network.layers;
  return resolve({ ...network, layers }, { resolution, padding });
}

function runOn(session: Session, seed: number): Float32Array {
  const random = seededRandom(seed);
  for (let index = 0; index < session.input.length; index++) session.input[index] = 2 * random() - 1;
  return session.run();
}

/** Bits, so that −0 and NaN count too. */
const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

const open: Session[] = [];
async function sessionOf(network: ResolvedNetwork, threads: number): Promise<Session> {
  const session = await createSession(network, seededWeights(network, 3), EPSILON, { threads });
  open.push(session);
  return session;
}
afterEach(() => {
  for (const session of open.splice(0)) session.close();
});

/** Long enough for workers to have started; nothing depends on it but how much they take part. */
const startUp = () => new Promise((done) => setTimeout(done, 250));

describe('any number of threads gives the same bits', () => {
  const cases: [string, number, number, PaddingConvention][] = [
    ['mobilenet_v1', 1, 96, 'tensorflow'],
    ['mobilenet_v1', 1, 112, 'tensorflow'],
    ['mobilenet_v1', 0.5, 117, 'pytorch'],
    ['mobilenet_v2', 1, 96, 'pytorch'],
    ['mobilenet_v2', 0.75, 101, 'tensorflow'],
    ['xception', 0.5, 107, 'tensorflow'],
    ['efficientnet_b0', 1, 96, 'tensorflow'],
    ['efficientnet_b0', 0.6, 99, 'pytorch'],
  ];
  it.each(cases)('%s α %d at %d, %s padding', async (id, alpha, resolution, padding) => {
    const network = networkOf(id, alpha, resolution, padding);
    const alone = await sessionOf(network, 1);
    const expected = [1, 2].map((seed) => bits(runOn(alone, seed)));
    expect(expected[0]).not.toEqual(expected[1]);
    for (const threads of [2, 3, 4]) {
      const session = await sessionOf(network, threads);
      expect(session.threads).toBe(threads);
      // At once, when the others have hardly started, and when they have.
      expect(bits(runOn(session, 1))).toEqual(expected[0]);
      await startUp();
      for (let repeat = 0; repeat < 10; repeat++) {
        for (const [index, seed] of [1, 2].entries()) expect(bits(runOn(session, seed))).toEqual(expected[index]);
      }
      session.close();
    }
  });

  it('more threads than a small network has work for', async () => {
    const network = networkOf('mobilenet_v1', 0.25, 32, 'tensorflow');
    const expected = runOn(await sessionOf(network, 1), 1);
    expect(runOn(await sessionOf(network, 9), 1)).toEqual(expected);
  });

  it('step by step on one thread too', async () => {
    const network = networkOf('mobilenet_v2', 0.5, 64, 'pytorch');
    const session = await sessionOf(network, 2);
    const together = runOn(session, 1);
    const alone = await sessionOf(network, 1);
    runOn(alone, 1);
    const random = seededRandom(1);
    for (let index = 0; index < session.input.length; index++) session.input[index] = 2 * random() - 1;
    session.plan.steps.forEach((_, index) => {
      session.runStep(index);
    });
    const { address, length } = session.plan.output;
    expect(new Float32Array(session.input.buffer, address, length)).toEqual(together);
  });
});

describe('a plan for several threads', () => {
  it('keeps all parts of most of the work apart', async () => {
    const kernels = await loadKernels();
    const network = networkOf('mobilenet_v1', 1, 224, 'tensorflow');
    const stages = splitSteps(plan(network, kernels, { threads: 2 }).steps, 2, kernels.constants.pixelTile);
    const whole = stages.filter((parts) => parts.length < 2).flatMap((parts) => parts[0]!.map(({ kernel }) => kernel));
    expect(whole).toEqual(['global_average_pool_f32', 'softmax_f32']);
  });

  it('has scratch memory for each', async () => {
    const kernels = await loadKernels();
    const network = networkOf('mobilenet_v1', 1, 224, 'tensorflow');
    const [one, three] = [1, 3].map((threads) => plan(network, kernels, { threads }));
    const [first] = three!.steps;
    if (first?.kernel !== 'conv_f32') throw new Error(`begins with ${first?.kernel}`);
    expect(first.scratchBytes).toBeGreaterThanOrEqual(kernels.convScratchBytes(3, 3, 3));
    const { output, input, scratch } = first.args;
    // Neither the picture nor the output lies within the scratch memory of three threads.
    for (const address of [input, output]) {
      expect(address < scratch || address >= scratch + 3 * first.scratchBytes).toBe(true);
    }
    expect(three!.memoryBytes).toBeGreaterThanOrEqual(one!.memoryBytes);
  });
});

describe('a thread that is gone', () => {
  const network = networkOf('mobilenet_v1', 0.25, 96, 'tensorflow');
  const workers: Worker[] = [];
  const note = (worker: Worker) => workers.push(worker);
  beforeAll(() => process.on('worker', note));
  afterAll(() => process.off('worker', note));
  /** Ends the workers of the session made last behind its back; says how many there were. */
  async function endWorkers(): Promise<number> {
    const ending = workers.splice(0).filter(({ threadId }) => threadId > 0);
    await Promise.all(ending.map((worker) => worker.terminate()));
    return ending.length;
  }

  it('is an error in every run after, not a hang', async () => {
    const session = await sessionOf(network, 2);
    await startUp();
    runOn(session, 1);
    const ended = await endWorkers();
    expect(ended).toBe(1);
    for (let repeat = 0; repeat < 2; repeat++) {
      expect(() => session.run()).toThrow(RuntimeError);
      expect(() => session.run()).toThrow('thread 1: ended, expected it to run until the model is closed');
    }
  });

  it('in the middle of many runs: they are right until one fails', async () => {
    const expected = runOn(await sessionOf(network, 1), 1);
    const session = await sessionOf(network, 3);
    await startUp();
    const failing = async (): Promise<unknown> => {
      for (;;) {
        try {
          expect(runOn(session, 1)).toEqual(expected);
        } catch (error) {
          return error;
        }
        await new Promise((done) => setImmediate(done));
      }
    };
    const failed = failing();
    await endWorkers();
    expect(await failed).toBeInstanceOf(RuntimeError);
  });
});
