import { createSession } from '../engine/session.js';
import { ModelError } from '../errors/errors.js';
import type { Model } from '../models/model.js';

/**
 * Runs a model once, so that what cannot run is refused before anything depends on it.
 * @throws ModelError for what the engine refuses, `not-finite` where the network gives no probabilities
 */
export async function tryModel({ network, epsilon, facts, readWeights }: Model): Promise<void> {
  const session = await createSession(network, readWeights(), epsilon);
  try {
    // A picture of one colour, the value 0.
    session.input.fill(0);
    const wrong = session.run().find((value) => !Number.isFinite(value));
    if (wrong === undefined) return;
    throw new ModelError('not-finite', {
      where: facts.weights,
      problem: `the network gives ${wrong} instead of a probability`,
      remedy: 'check that its weights are numbers',
    });
  } finally {
    session.close();
  }
}
