import { elementAt } from '../errors/element-at.js';
import type { DepthwiseLayer, Layer, Network, PointwiseLayer } from '../networks/types.js';

/**
 * The same network with standard convolutions: each depthwise layer and the pointwise one that follows become one
 * convolution with the depthwise layer's window and stride and the pointwise one's channels (arXiv:1704.04861,
 * section 3.1 and table 4). A squeeze-and-excitation between the two then works on the convolution's input.
 * A depthwise layer that no pointwise one follows directly, or with several filters for each channel, stays as it is.
 */
export function standardTwin(network: Network): Network {
  const replaced = new Map<string, ReturnType<typeof merge>>();
  const redirected = new Map<string, string>();
  for (const [index, layer] of network.layers.entries()) {
    if (layer.kind !== 'depthwise' || layer.isNorm || (layer.multiplier ?? 1) > 1) continue;
    const pointwise = findPointwise(layer, network.layers.slice(index + 1));
    if (!pointwise || replaced.has(pointwise.name)) continue;
    replaced.set(pointwise.name, merge(layer, pointwise));
    redirected.set(layer.name, elementAt(layer.inputs, 0));
  }
  const layers = network.layers
    .filter(({ name }) => !redirected.has(name))
    .map((layer) => replaced.get(layer.name) ?? layer)
    .map((layer) => ({ ...layer, inputs: layer.inputs.map((name) => redirected.get(name) ?? name) }));
  return { ...network, layers };
}

/** The one pointwise layer to which everything that reads the depthwise one leads, channel by channel. */
function findPointwise(depthwise: DepthwiseLayer, following: readonly Layer[]): PointwiseLayer | undefined {
  const derived = new Set([depthwise.name]);
  let found: PointwiseLayer | undefined;
  for (const layer of following) {
    if (!layer.inputs.some((name) => derived.has(name))) continue;
    switch (layer.kind) {
      case 'pointwise':
        if (found) return undefined;
        found = layer;
        break;
      case 'activation':
      case 'globalAveragePool':
      case 'dense':
        derived.add(layer.name);
        break;
      case 'scale':
        // The convolution's input may have other channels, or another size, than what does not come from it.
        if (!layer.inputs.every((name) => derived.has(name))) return undefined;
        derived.add(layer.name);
        break;
      default:
        return undefined;
    }
  }
  return found;
}

function merge(depthwise: DepthwiseLayer, pointwise: PointwiseLayer): Layer {
  const { kernelSize, kernelWidth, stride, strideWidth = stride, padding, dilation, dilationWidth } = depthwise;
  return {
    // Before what is spread: otherwise Node.js 20 makes a hidden class for each object (see docs/measurements.md).
    kernelSize,
    ...pointwise,
    kind: 'conv',
    stride: stride * pointwise.stride,
    strideWidth: strideWidth * pointwise.stride,
    padding,
    ...(kernelWidth !== undefined && { kernelWidth }),
    ...(dilation !== undefined && { dilation }),
    ...(dilationWidth !== undefined && { dilationWidth }),
  };
}
