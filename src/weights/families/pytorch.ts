import type { ParameterName } from '../../networks/types.js';
import type { Dialect } from './types.js';

/** What training wraps around a model: DataParallel, Lightning, torch.compile, and the like. */
const WRAPPERS = /^(?:(?:module|model|net|backbone|_orig_mod)\.)+/;

export const pytorch: Dialect = {
  axes: 'pytorch',
  rename(source) {
    const name = source.replace(WRAPPERS, '');
    return name.endsWith('num_batches_tracked') ? undefined : name;
  },
};

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
