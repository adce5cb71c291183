import type { ParameterName } from '../../networks/types.js';
import type { NamedTensors, Tensor } from '../types.js';
import type { Dialect } from './types.js';

/** What training wraps around a model: DataParallel, Lightning, torch.compile, and the like. */
const WRAPPERS = /^(?:(?:module|model|net|network|backbone|_orig_mod)\.)*$/;
/** Averages of the weights beside the weights. */
const AVERAGED = /ema|averag|swa/i;
/** Buffers of a loss (weights of classes) or of metrics. */
const TRAINING = /^(\w+_)?(criterion|loss|loss_fn|loss_func|metrics?|acc|accuracy|auroc|f1|confmat)(_\w+)?\./i;

export const pytorch: Dialect = {
  axes: 'pytorch',
  unwrap(tensors, anchors) {
    const prefixes = findPrefixes(tensors, anchors).toSorted((a, b) => rankOf(a) - rankOf(b));
    const [own, rival] = prefixes;
    if (own === undefined || (rival !== undefined && rankOf(rival) === rankOf(own))) return tensors;
    const copies = prefixes.slice(1);
    const unwrapped = new Map<string, Tensor>();
    for (const [name, tensor] of tensors) {
      const isOwn = name.startsWith(own);
      if (!isOwn && (TRAINING.test(name) || copies.some((copy) => name.startsWith(copy)))) continue;
      if (own === '' && copies.some((copy) => name.startsWith(copy))) continue;
      unwrapped.set(isOwn ? name.slice(own.length) : name, tensor);
    }
    return unwrapped;
  },
  rename: (name) => (name.endsWith('num_batches_tracked') ? undefined : name),
};

/** What stands in front of whole copies of a network. */
function findPrefixes(tensors: NamedTensors, [first = '', ...others]: readonly string[]): readonly string[] {
  return [...tensors.keys()]
    .filter((name) => name === first || name.endsWith(`.${first}`))
    .map((name) => name.slice(0, name.length - first.length))
    .filter((prefix) => others.every((anchor) => tensors.has(prefix + anchor)));
}

/** The usual ones first, averages last. */
function rankOf(prefix: string): number {
  if (AVERAGED.test(prefix)) return 3;
  if (prefix === '') return 0;
  return WRAPPERS.test(prefix) ? 1 : 2;
}

/** The tensors of a `Conv2d` or `Linear` and of the `BatchNorm2d` after it. */
export function torchNames(linear: string, norm?: string): Readonly<Partial<Record<ParameterName, string>>> {
  return {
    weights: `${linear}.weight`,
    bias: `${linear}.bias`,
    ...(norm !== undefined && {
      gamma: `${norm}.weight`,
      beta: `${norm}.bias`,
      mean: `${norm}.running_mean`,
      variance: `${norm}.running_var`,
    }),
  };
}
