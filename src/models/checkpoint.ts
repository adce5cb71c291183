import { basename } from 'node:path';
import type { Label } from '../domain/label.js';
import { atResolution, type Preprocessing } from '../domain/preprocessing.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import { networks } from '../networks/index.js';
import { resolveAtOther } from '../networks/other-resolution.js';
import type { Network, PaddingConvention } from '../networks/types.js';
import type { FileSource } from '../untrusted-data/files-beside.js';
import { checkWeights } from '../weights/check.js';
import { type Recognised, type RecogniseOptions, recognise } from '../weights/families/recognise.js';
import { timmEfficientnetB0 } from '../weights/families/timm.js';
import type { Family } from '../weights/families/types.js';
import type { OpenedTensors } from '../weights/formats/opened.js';
import { groupTensors } from '../weights/tensor-names.js';
import type { NetworkWeights } from '../weights/types.js';
import { type RangeOptions, statedRange } from './choose-input-range.js';
import { choosePreprocessing } from './choose-preprocessing.js';
import { findPreprocessing, folderOf, readConvention } from './companion-files.js';
import { type OwnMetadata, readCardBeside, readOwnMetadata } from './safetensors-metadata.js';

/** What a caller knows better than the file's names and shapes. */
export interface CheckpointOptions extends RecogniseOptions, RangeOptions {
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
  /** Left out where nothing says it. */
  readonly trainedResolution?: number | undefined;
  readonly padding: PaddingConvention;
  readonly epsilon: number;
  readonly preprocessing: Preprocessing;
  readonly weights: NetworkWeights;
  /** Of a file that has them. */
  readonly labels?: readonly Label[] | undefined;
  /** What neither the file nor options say and had to be assumed. */
  readonly notes: readonly string[];
}

/**
 * Finds out what a file of named tensors holds.
 * @param folder where configurations of other tools are looked for
 * @throws ModelError `weights-unknown`, `weights-mismatch`; UsageError for options that contradict the file
 */
export function readCheckpoint(
  opened: OpenedTensors,
  options: CheckpointOptions = {},
  folder: FileSource = opened.files ?? folderOf(opened.path),
): Checkpoint {
  const { path: where, metadata } = opened;
  const known = readOwnMetadata(metadata, where) ?? readCardBeside(where);
  if (known?.network) return readDescribed(opened, { ...known, network: known.network }, options);
  const { family, network, hasHead, weights } = recogniseOrExplain(opened, options);
  const beside = findPreprocessing(folder);
  const convention = readConvention(folder, where);
  const { defaultResolution } = networks[family.network];
  const resolution = options.resolution ?? known?.resolution ?? beside?.resolution ?? defaultResolution;
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
    trainedResolution: known ? known.trainedResolution : (beside?.resolution ?? usualResolution(family, network)),
    padding: options.padding ?? known?.padding ?? convention.padding ?? family.padding,
    epsilon: options.epsilon ?? known?.epsilon ?? convention.epsilon ?? family.epsilon,
    preprocessing: known
      ? withStated(atResolution(known.preprocessing, resolution), options)
      : choosePreprocessing({
          ...{ resolution, grey: false, options, beside },
          otherwise: { range: family.input, ...(!isPublished(network) && { reason: `${family.title} usually does` }) },
          geometry: { crop: 'center', ...family.input },
        }),
    weights,
    labels: known?.labels,
    notes: isAmbiguous(family, options, convention, known) ? [timmNote(where)] : [],
  };
}

/** Nothing says which of timm's two networks of the same names and shapes it is. */
function isAmbiguous(
  family: Recognised['family'],
  options: CheckpointOptions,
  convention: ReturnType<typeof readConvention>,
  known: OwnMetadata | undefined,
): boolean {
  return family === timmEfficientnetB0 && !(options.padding ?? known?.padding ?? convention.padding);
}

function timmNote(where: string): string {
  return (
    `${printable(basename(where))}: assumed that it is timm's efficientnet_b0, not tf_efficientnet_b0, which has the same ` +
    'tensors; for that one, keep timm’s file name, or use mobilenet import FILE --as NAME --padding tensorflow --epsilon 1e-3'
  );
}

/** Like `recognise`; its errors say how to save what says more. */
function recogniseOrExplain({ path, tensors, format }: OpenedTensors, options: CheckpointOptions): Recognised {
  try {
    return recognise(tensors, path, options);
  } catch (error) {
    if (!(error instanceof ModelError && /^weights-(unknown|mismatch)$/.test(error.code))) throw error;
    throw new ModelError(error.code, { ...error.details, remedy: REMEDIES[format] }, { cause: error });
  }
}

const EXPORT = "export the model to ONNX: torch.onnx.export(model, image, 'model.onnx')";

/** Weights alone do not say what is computed with them. */
const REMEDIES: Readonly<Record<OpenedTensors['format'], string>> = {
  hdf5: "the file has weights without a topology; save the whole model: model.save('model.keras')",
  tfjs: 'the folder has weights without a topology; save the whole model with model.save',
  pytorch: `the file has weights alone, and not what is computed with them; ${EXPORT}`,
  safetensors: `the file has weights alone, and not what is computed with them; ${EXPORT}`,
};

/** A network that the file itself describes, layer by layer. */
function readDescribed(
  { path: where, tensors }: OpenedTensors,
  described: OwnMetadata & { readonly network: Network },
  options: CheckpointOptions,
): Checkpoint {
  const { model, alpha } = options;
  const { network, resolution: own, padding, epsilon, preprocessing } = described;
  const { resolution = own } = options;
  const facts = [
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
  const resolved = resolveAtOther(network, { own, resolution, padding }, where);
  checkWeights(resolved, weights, where);
  const { height, width, channels } = resolved.layers.at(-1)!.outputShape;
  if (height !== 1 || width !== 1 || channels !== network.classes) {
    throw new ModelError('network', {
      where,
      problem: `gives ${height}×${width}×${channels}`,
      expected: `${network.classes} classes`,
    });
  }
  return {
    title: network.id,
    network,
    hasHead: true,
    resolution,
    trainedResolution: described.trainedResolution,
    padding,
    epsilon,
    weights,
    labels: described.labels,
    notes: [],
    preprocessing: withStated(atResolution(preprocessing, resolution), options),
  };
}

/** Refuses what cannot classify. */
export function requireHead({ hasHead, network }: Checkpoint, where: string): void {
  if (hasHead) return;
  throw new ModelError('weights-incomplete', {
    where,
    problem: `${network.id} without its classifier: it gives ${network.classes} features and no classes`,
    remedy: 'save the model with its classification layer',
  });
}

/** A head of ImageNet's classes: trained as its publisher says. */
function isPublished({ classes }: Network): boolean {
  return classes === 1000 || classes === 1001;
}

/** With the range that options say. */
function withStated(preprocessing: Preprocessing, options: RangeOptions): Preprocessing {
  const { assumed: _, ...known } = preprocessing;
  const stated = statedRange(options);
  return stated ? { ...known, ...stated } : preprocessing;
}

/** Of a family whose published checkpoints are all of one resolution; others, and a person's own, may be of any. */
function usualResolution({ network: id, trainedResolution }: Family, network: Network): number | undefined {
  if (!isPublished(network)) return undefined;
  const resolutions = networks[id].published.flatMap((each) => each.resolutions);
  return trainedResolution ?? (resolutions.length === 1 ? resolutions[0] : undefined);
}
