import { MAX_ALPHA } from './channels.js';
import { isPublished, type NetworkId, networkIds, networks } from './index.js';
import { type Layer, NETWORK_INPUT, type Network } from './types.js';

export interface Identity {
  readonly id: NetworkId;
  readonly alpha: number;
}

/**
 * Which known network an imported graph is: the same linear layers (kind, window, stride, output channels) at the
 * same depths, and as many sums and channel scalings. Names, activations, padding, clipping, softmax and the number
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

interface Signature {
  /** Kinds, windows, strides and depths of the linear layers: the same at every α. */
  readonly shape: string;
  /** Number of sums and of scalings. At a small α more blocks keep their width, so more of them are residual. */
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
  const counts = { add: 0, scale: 0 };
  for (const layer of layers) {
    const above = Math.max(0, ...layer.inputs.map((name) => depths.get(name) ?? 0));
    const linear = describeLinear(layer);
    const depth = linear ? above + 1 : above;
    depths.set(layer.name, depth);
    if (linear) rows.push({ depth, ...linear });
    if (layer.kind === 'add' || layer.kind === 'scale') counts[layer.kind]++;
  }
  rows.sort((a, b) => a.depth - b.depth || compare(a.text, b.text) || a.channels - b.channels);
  const classifier = rows.at(-1);
  if (!classifier?.text.startsWith('1x1')) return undefined;
  return {
    shape: rows.map(({ depth, text }) => `${depth} ${text}`).join(),
    joints: `${counts.add} ${counts.scale}`,
    channels: rows.slice(0, -1).map(({ channels }) => channels),
  };
}

/** A dense layer, a pointwise one and a 1×1 convolution are the same thing in different files. */
function describeLinear(layer: Layer): { text: string; channels: number } | undefined {
  switch (layer.kind) {
    case 'conv': {
      const kernel = `${layer.kernelSize}x${layer.kernelSize}`;
      return { text: `${kernel}/${layer.stride}`, channels: layer.outChannels };
    }
    case 'pointwise':
      return { text: `1x1/${layer.stride}`, channels: layer.outChannels };
    case 'dense':
      return { text: '1x1/1', channels: layer.outChannels };
    case 'depthwise':
      return { text: `depthwise ${layer.kernelSize}/${layer.stride}`, channels: 0 };
    default:
      return undefined;
  }
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
  const ratios = new Set(unscaled.map((count, index) => (count > 0 ? found[index]! / count : 0)));
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
