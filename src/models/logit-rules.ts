import type { LogitRule } from '../domain/activation-map.js';
import { foldBatchNorm } from '../engine/fold.js';
import { ModelError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import type { Head } from '../networks/head.js';
import { toFloat32 } from '../weights/half.js';
import type { Model } from './model.js';

/**
 * How the logit of each class follows from the features, by the class's index among the labels. Of a network with one output
 * and two labels the output is the second's logit, and its negative the first's.
 * @param labels how many there are
 * @throws ModelError `head` where the classifier is no matrix of features × classes
 */
export function readLogitRules(
  { readWeights, epsilon, facts }: Model,
  classifier: Head['classifier'],
  labels: number,
): (index: number) => LogitRule {
  const { channels } = classifier.inputShapes[0];
  const outputs = classifier.outputShape.channels;
  const { weights, bias } = foldBatchNorm(readWeights().get(classifier.name)!, epsilon);
  if (weights.length !== channels * outputs) {
    throw new ModelError('head', {
      where: facts.weights,
      problem: `its last layer ${printable(classifier.name)} does not connect every feature with every class`,
    });
  }
  const matrix = toFloat32(weights);
  const ruleOf = (output: number, sign: number): LogitRule => ({
    weights: Float64Array.from({ length: channels }, (_, channel) => sign * matrix[channel * outputs + output]!),
    bias: sign * bias[output]!,
  });
  if (outputs === 1 && labels === 2) return (index) => ruleOf(0, index === 0 ? -1 : 1);
  return (index) => ruleOf(index, 1);
}
