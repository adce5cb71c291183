import { UsageError } from '../errors/errors.js';
import { nearestName } from '../errors/nearest-name.js';
import { type BuildOptions, MAX_ALPHA, MAX_RESOLUTION } from './channels.js';
import {
  buildEfficientnetB0,
  buildEfficientnetLite0,
  buildEfficientnetLite1,
  buildEfficientnetLite2,
  buildEfficientnetLite3,
  buildEfficientnetLite4,
} from './efficientnet.js';
import { buildMobilenetV1, buildMobilenetV1FullConv, buildMobilenetV1Shallow } from './mobilenet-v1.js';
import { buildMobilenetV2 } from './mobilenet-v2.js';
import type { Network } from './types.js';
import { buildXception } from './xception.js';

export type { BuildOptions } from './channels.js';

/** Both ends included. */
export interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

/** Every α with every resolution of one entry was published. */
export interface PublishedSet {
  readonly alphas: readonly number[];
  readonly resolutions: readonly number[];
}

/** A network as its paper describes it. */
export interface NetworkFacts {
  /** For people. */
  readonly title: string;
  /** Authors, year and number of the paper. */
  readonly paper: string;
  /** What the network can take: any α in `alpha` (its minimum, 0, excluded), any whole resolution in `resolution`. */
  readonly allowed: { readonly alpha: Range; readonly resolution: Range };
  /** What the authors published. */
  readonly published: readonly PublishedSet[];
  /** Side of the paper's input in pixels. */
  readonly defaultResolution: number;
  /** No weights exist: the network is only counted. */
  readonly costOnly: boolean;
  /** Whether the paper has a width multiplier at all. */
  readonly hasAlpha: boolean;
}

export interface NetworkEntry extends NetworkFacts {
  readonly build: (options?: BuildOptions) => Network;
}

const anySize = { alpha: { minimum: 0, maximum: MAX_ALPHA }, resolution: { minimum: 1, maximum: MAX_RESOLUTION } };
const only = (alpha: number, resolution: number) => [{ alphas: [alpha], resolutions: [resolution] }];
const v1Paper = 'Howard et al. 2017, arXiv:1704.04861';

const lite = (size: number, resolution: number, build: NetworkEntry['build']): NetworkEntry => ({
  build,
  title: `EfficientNet-Lite${size}`,
  paper: 'Liu 2020, tensorflow/tpu, efficientnet/lite',
  allowed: anySize,
  published: only(1, resolution),
  defaultResolution: resolution,
  costOnly: false,
  hasAlpha: false,
});

const entries = {
  mobilenet_v1: {
    build: buildMobilenetV1,
    title: 'MobileNet v1',
    paper: v1Paper,
    allowed: anySize,
    published: [{ alphas: [0.25, 0.5, 0.75, 1], resolutions: [128, 160, 192, 224] }],
    defaultResolution: 224,
    costOnly: false,
    hasAlpha: true,
  },
  mobilenet_v1_full_conv: {
    build: buildMobilenetV1FullConv,
    title: 'MobileNet v1 with full convolutions',
    paper: `${v1Paper}, table 4`,
    allowed: anySize,
    published: only(1, 224),
    defaultResolution: 224,
    costOnly: true,
    hasAlpha: true,
  },
  mobilenet_v1_shallow: {
    build: buildMobilenetV1Shallow,
    title: 'MobileNet v1, shallow',
    paper: `${v1Paper}, table 5`,
    allowed: anySize,
    published: only(1, 224),
    defaultResolution: 224,
    costOnly: true,
    hasAlpha: true,
  },
  mobilenet_v2: {
    build: buildMobilenetV2,
    title: 'MobileNet v2',
    paper: 'Sandler et al. 2018, arXiv:1801.04381',
    allowed: anySize,
    published: [
      { alphas: [0.35, 0.5, 0.75, 1], resolutions: [96, 128, 160, 192, 224] },
      { alphas: [1.3, 1.4], resolutions: [224] },
    ],
    defaultResolution: 224,
    costOnly: false,
    hasAlpha: true,
  },
  xception: {
    build: buildXception,
    title: 'Xception',
    paper: 'Chollet 2016, arXiv:1610.02357',
    // Two convolutions without padding need 7 pixels to leave one.
    allowed: { ...anySize, resolution: { minimum: 7, maximum: MAX_RESOLUTION } },
    published: only(1, 299),
    defaultResolution: 299,
    costOnly: false,
    hasAlpha: false,
  },
  efficientnet_b0: {
    build: buildEfficientnetB0,
    title: 'EfficientNet-B0',
    paper: 'Tan and Le 2019, arXiv:1905.11946',
    allowed: anySize,
    published: only(1, 224),
    defaultResolution: 224,
    costOnly: false,
    hasAlpha: true,
  },
  efficientnet_lite0: lite(0, 224, buildEfficientnetLite0),
  efficientnet_lite1: lite(1, 240, buildEfficientnetLite1),
  efficientnet_lite2: lite(2, 260, buildEfficientnetLite2),
  efficientnet_lite3: lite(3, 280, buildEfficientnetLite3),
  efficientnet_lite4: lite(4, 300, buildEfficientnetLite4),
} as const satisfies Record<string, NetworkEntry>;

export type NetworkId = keyof typeof entries;

/** The networks by id. */
export const networks: Readonly<Record<NetworkId, NetworkEntry>> = entries;

export const networkIds = Object.keys(entries) as readonly NetworkId[];

export function isNetworkId(id: string): id is NetworkId {
  return Object.hasOwn(entries, id);
}

/** The entry of a network. Throws UsageError that lists the ids. */
export function findNetwork(id: string): NetworkEntry {
  if (!isNetworkId(id))
    throw new UsageError({ where: id, problem: 'unknown network', expected: `one of ${networkIds.join(', ')}` });
  return networks[id];
}

/** Of a name that is neither a network's nor that of a bundled, installed or published model. */
export function unknownModel(name: string, others: readonly string[]): UsageError {
  const trained = networkIds.filter((id) => !networks[id].costOnly);
  const meant = nearestName(name, [...trained, ...others]);
  const hint =
    meant === undefined
      ? { expected: `${trained.join(', ')} or a name that mobilenet models lists` }
      : { remedy: `did you mean ${meant}? “mobilenet models” lists all` };
  return new UsageError({ where: name, problem: 'unknown model', ...hint });
}

/** A paper's network halves the picture five times: with less, most of what its last layers see is padding. */
const LEAST_PIXELS = 32;

/** Throws UsageError for a resolution at which weights of a paper's network say nothing, or that is too large. */
export function checkResolution(id: string, resolution: number): void {
  if (Number.isInteger(resolution) && resolution >= LEAST_PIXELS && resolution <= MAX_RESOLUTION) return;
  throw new UsageError({
    where: `--res ${resolution}`,
    problem: `${id} cannot classify at this resolution`,
    expected: `a whole number of pixels from ${LEAST_PIXELS} to ${MAX_RESOLUTION}`,
  });
}

/** The network's layers at a width; UsageError for an unknown id, α or number of classes. */
export function buildNetwork(id: string, options: BuildOptions = {}): Network {
  return findNetwork(id).build(options);
}

/** Whether the network's authors published this (α, resolution); false for a network that is not listed. */
export function isPublished(id: string, alpha: number, resolution: number): boolean {
  return (
    isNetworkId(id) &&
    networks[id].published.some(({ alphas, resolutions }) => alphas.includes(alpha) && resolutions.includes(resolution))
  );
}
