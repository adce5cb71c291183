import type { Preprocessing } from '../domain/preprocessing.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { networks } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import type { Network, PaddingConvention } from '../networks/types.js';
import { checkWeights } from '../weights/check.js';
import { type RecogniseOptions, recognise } from '../weights/families/recognise.js';
import type { InputRule } from '../weights/families/types.js';
import type { OpenedTensors } from '../weights/formats/opened.js';
import { groupTensors } from '../weights/tensor-names.js';
import type { NetworkWeights } from '../weights/types.js';
import { type OwnMetadata, readCardBeside, readOwnMetadata } from './safetensors-metadata.js';

/** What a caller knows better than the file's names and shapes. */
export interface CheckpointOptions extends RecogniseOptions {
  /** Side of the network's input; by default what the file says, else the network's usual one. */
  readonly resolution?: number;
  readonly padding?: PaddingConvention;
  readonly epsilon?: number;
  /** The length that the output must have. */
  readonly classes?: number;
}

/** Tensors by name as a network that can be run, and how its pictures are prepared. */
export interface Checkpoint {
  /** What it was taken for, for messages. */
  readonly title: string;
  /** Ends in the pooled features where the file has no classifier. */
  readonly network: Network;
  readonly hasHead: boolean;
  readonly resolution: number;
  readonly padding: PaddingConvention;
  readonly epsilon: number;
  readonly preprocessing: Preprocessing;
  readonly weights: NetworkWeights;
}

/**
 * Finds out what a file of named tensors holds.
 * @throws ModelError `weights-unknown`, `weights-mismatch`; UsageError for options that contradict the file
 */
export function readCheckpoint(opened: OpenedTensors, options: CheckpointOptions = {}): Checkpoint {
  const { path: where, tensors, metadata } = opened;
  const known = readOwnMetadata(metadata, where) ?? readCardBeside(where);
  if (known?.network) return readDescribed(opened, { ...known, network: known.network }, options);
  const { family, network, hasHead, weights } = recognise(tensors, where, options);
  const resolution = options.resolution ?? known?.resolution ?? networks[family.network].defaultResolution;
  if (options.classes !== undefined && options.classes !== network.classes) {
    const found = hasHead ? `${network.classes} classes` : 'no classifier';
    throw new UsageError({
      where: `--classes ${options.classes}`,
      problem: `${where} has ${found}`,
      remedy: 'leave the option out, or give that value',
    });
  }
  return {
    title: family.title,
    network,
    hasHead,
    resolution,
    padding: options.padding ?? known?.padding ?? family.padding,
    epsilon: options.epsilon ?? known?.epsilon ?? family.epsilon,
    preprocessing: known ? rescale(known.preprocessing, resolution) : prepare(family.input, resolution),
    weights,
  };
}

/** A network that the file itself describes, layer by layer. */
function readDescribed(
  { path: where, tensors }: OpenedTensors,
  described: Required<OwnMetadata>,
  { resolution: asked, model, alpha }: CheckpointOptions,
): Checkpoint {
  const { network, resolution, padding, epsilon, preprocessing } = described;
  const facts = [
    ['--res', asked, resolution],
    ['--model', model, network.id],
    ['--alpha', alpha, network.alpha],
  ] as const;
  for (const [option, wanted, found] of facts) {
    if (wanted !== undefined && wanted !== found) {
      throw new UsageError({
        where: `${option} ${wanted}`,
        problem: `${where} has ${found}`,
        remedy: 'leave the option out, or give that value',
      });
    }
  }
  const weights = groupTensors(tensors, where);
  const resolved = resolve(network, { resolution, padding });
  checkWeights(resolved, weights, where);
  const { height, width, channels } = resolved.layers.at(-1)!.outputShape;
  if (height !== 1 || width !== 1 || channels !== network.classes) {
    throw new ModelError('network', {
      where,
      problem: `gives ${height}×${width}×${channels}`,
      expected: `${network.classes} classes`,
    });
  }
  return { title: network.id, network, hasHead: true, resolution, padding, epsilon, preprocessing, weights };
}

/** Refuses what cannot classify. */
export function requireHead({ hasHead, network }: Checkpoint, where: string): void {
  if (hasHead) return;
  throw new ModelError('weights-incomplete', {
    where,
    problem: `${network.id} without its classifier (${network.classes} features)`,
    remedy: 'save the model with its classification layer',
  });
}

function prepare({ mean, std, filter, resize }: InputRule, resolution: number): Preprocessing {
  return { crop: 'center', resize: resize(resolution), resolution, filter, mean, std };
}

function rescale(preprocessing: Preprocessing, resolution: number): Preprocessing {
  const resize = Math.max(resolution, Math.round((preprocessing.resize / preprocessing.resolution) * resolution));
  return { ...preprocessing, resize, resolution };
}
