import { type NetworkId, networkIds, networks } from '../../networks/index.js';
import { type Dialect, type Family, kerasInput } from './types.js';

/** The layouts of `networks/types.ts` are TensorFlow's without the axes of length 1. */
const dialect: Dialect = { axes: 'tensorflow', rename: (source) => source };

/** The project's own names, `LAYER/weights`. What was assumed in training stands in the file, or nowhere. */
const own = (network: NetworkId): Family => ({
  title: `${network} as this project stores it`,
  network,
  dialect,
  padding: 'tensorflow',
  epsilon: 1e-3,
  input: kerasInput,
  names: (layer) => ({
    weights: `${layer}/weights`,
    bias: `${layer}/bias`,
    gamma: `${layer}/gamma`,
    beta: `${layer}/beta`,
    mean: `${layer}/mean`,
    variance: `${layer}/variance`,
  }),
});

export const ownFamilies: readonly Family[] = networkIds.filter((id) => !networks[id].costOnly).map(own);
