import { elementAt } from '../errors/element-at.js';
import { MAX_ALPHA } from './channels.js';
import { isPublished, type NetworkId, networkIds, networks } from './index.js';
import { type Layer, type LayerKind, NETWORK_INPUT, type Network } from './types.js';
import { windowOf } from './windows.js';

export interface Identity {
  readonly id: NetworkId;
  readonly alpha: number;
}

/**
 * Which known network an imported graph is: the same linear layers (kind, window, stride, output channels) at the
 * same depths, and as many sums, channel scalings and other joints. Names, activations, padding, clipping, softmax and the number
 * of classes do not matter. Published α are tried first, then those that the channel counts suggest. A graph that
 * fits none gives undefined; so does one without its classifier.
 */
export function identify(network: Network): Identity | undefined {
  const signature = describe(network.layers);
  if (!signature) return undefined;
  for (const id of networkIds) {
    const { build } = networks[id];
    const unscaled = describe(build().layers)!;
    if (unscaled.shape !== signature.shape) continue;
    for (const alpha of candidateAlphas(id, unscaled.channels, signature.channels)) {
      const candidate = describe(build({ alpha }).layers)!;
      const same = candidate.channels.every((count, index) => count === signature.channels[index]);
      if (same && candidate.joints === signature.joints) return { id, alpha };
    }
  }
  return undefined;
}

/** Layers that a network of the same linear layers without them is not the same network as. */
const JOINTS: readonly LayerKind[] = [
  ...(['add', 'scale', 'multiply', 'subtract', 'maximum', 'minimum'] as const),
  ...(['concat', 'slice', 'prelu', 'globalMaxPool'] as const),
];

interface Signature {
  /** Kinds, windows, strides and depths of the linear layers: the same at every α. */
  readonly shape: string;
  /** How many there are of each of JOINTS. At a small α more blocks keep their width, so more of them are residual. */
  readonly joints: string;
  /** Output channels of the linear layers that have them, without the classifier's. */
  readonly channels: readonly number[];
}

/**
 * Linear layers in order of depth (number of linear layers on the longest way from the input), so that branches
 * compare equal in whichever order a file lists them.
 */
function describe(layers: readonly Layer[]): Signature | undefined {
  const depths = new Map<string, number>([[NETWORK_INPUT, 0]]);
  const rows: { readonly depth: number; readonly text: string; readonly channels: number }[] = [];
  const counts = new Map<LayerKind, number>(JOINTS.map((kind) => [kind, 0]));
  for (const layer of layers) {
    const above = Math.max(0, ...layer.inputs.map((name) => depths.get(name) ?? 0));
    const linear = describeLinear(layer);
    const depth = linear ? above + 1 : above;
    depths.set(layer.name, depth);
    if (linear) rows.push({ depth, ...linear });
    const count = counts.get(layer.kind);
    if (count !== undefined) counts.set(layer.kind, count + 1);
  }
  rows.sort((a, b) => a.depth - b.depth || compare(a.text, b.text) || a.channels - b.channels);
  const classifier = rows.at(-1);
  if (!classifier?.text.startsWith('1x1')) return undefined;
  return {
    shape: rows.map(({ depth, text }) => `${depth} ${text}`).join(),
    joints: [...counts.values()].join(' '),
    channels: rows.slice(0, -1).map(({ channels }) => channels),
  };
}

/** A dense layer, a pointwise one and a 1×1 convolution are the same thing in different files. */
function describeLinear(layer: Layer): { text: string; channels: number } | undefined {
  switch (layer.kind) {
    case 'conv': {
      const groups = layer.groups === undefined || layer.groups === 1 ? '' : ` in ${layer.groups} groups`;
      return { text: describeWindow(layer) + groups, channels: layer.outChannels };
    }
    case 'pointwise':
      return { text: `1x1/${layer.stride}`, channels: layer.outChannels };
    case 'dense':
      return { text: '1x1/1', channels: layer.outChannels };
    case 'depthwise':
      return { text: `depthwise ${describeWindow(layer)} × ${layer.multiplier ?? 1}`, channels: 0 };
    default:
      return undefined;
  }
}

function describeWindow(layer: Extract<Layer, { readonly kind: 'conv' | 'depthwise' }>): string {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = windowOf(layer);
  const stride = strideHeight === strideWidth ? strideHeight : `${strideHeight}x${strideWidth}`;
  const dilation = dilationHeight * dilationWidth === 1 ? '' : ` dilation ${dilationHeight}x${dilationWidth}`;
  return `${kernelHeight}x${kernelWidth}/${stride}${dilation}`;
}

/**
 * Width multipliers worth trying for a network whose linear layers have `found` output channels where `unscaled` are
 * those of α 1: the published ones, then neat numbers near the ratios.
 */
export function candidateAlphas(
  id: NetworkId,
  unscaled: readonly number[],
  found: readonly number[],
): readonly number[] {
  const { published, defaultResolution } = networks[id];
  const known = published.flatMap(({ alphas }) => alphas);
  // Rounding hides α; a neat number near the ratio is likelier than the ratio itself.
  const ratios = new Set(unscaled.map((count, index) => (count > 0 ? elementAt(found, index) / count : 0)));
  const suggested = [...ratios].flatMap((ratio) => [
    Math.round(ratio * 20) / 20,
    Math.round(ratio * 100) / 100,
    Math.ceil(ratio * 100) / 100,
    Math.ceil(ratio * 1000) / 1000,
    ratio,
  ]);
  const usable = suggested.filter(
    (alpha) => alpha > 0 && alpha <= MAX_ALPHA && !isPublished(id, alpha, defaultResolution),
  );
  return [...new Set([...known, ...usable])];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
