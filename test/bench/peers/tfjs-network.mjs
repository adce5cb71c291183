/** A network from its description, on the WASM backend of TensorFlow.js, every operation fused that it can fuse. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** `run`: [1, resolution, resolution, 3] to probabilities. Peers are in `folder`, floats beside the description. */
export async function openNetwork(folder, file) {
  const require = createRequire(join(folder, 'package.json'));
  const tf = require('@tensorflow/tfjs-core');
  require('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  await tf.ready();
  const network = JSON.parse(readFileSync(file, 'utf8'));
  const bytes = readFileSync(file.replace(/json$/, 'bin'));
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const compile = createCompiler(tf, floats);
  const layers = network.layers.map((layer) => ({ ...layer, run: compile(layer) }));
  const run = (picture) =>
    tf.tidy(() => {
      const values = new Map([['input', picture]]);
      let y;
      for (const { name, inputs, run } of layers) {
        y = run(...inputs.map((input) => values.get(input)));
        values.set(name, y);
      }
      return y;
    });
  return { tf, resolution: network.resolution, run };
}

const FUSED = new Set(['linear', 'relu', 'relu6']);

/** A layer → a function of its inputs; weights become tensors once. */
function createCompiler(tf, floats) {
  const curves = {
    relu: tf.relu,
    relu6: tf.relu6,
    sigmoid: tf.sigmoid,
    swish: (x) => tf.mul(x, tf.sigmoid(x)),
  };

  return function compile({ kind, activation, kernelSize, stride, pads: [top, bottom, left, right], same, weights }) {
    const fused = FUSED.has(activation) ? activation : 'linear';
    const finish = (y) => (FUSED.has(activation) ? y : curves[activation](y));
    const pad = same
      ? 'same'
      : [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ];
    const padding = pad === 'same' || top + bottom + left + right > 0 ? pad : 'valid';
    let filter;
    let bias;
    if (weights) {
      const { shape, offset, biases } = weights;
      const count = shape.reduce((product, extent) => product * extent, 1);
      const filterShape = { conv: shape, depthwise: [...shape, 1], pointwise: [1, 1, ...shape], dense: shape }[kind];
      filter = tf.tensor(floats.slice(offset, offset + count), filterShape);
      bias = tf.tensor1d(floats.slice(offset + count, offset + count + biases));
    }
    switch (kind) {
      case 'conv':
      case 'pointwise':
        return (x) => finish(tf.fused.conv2d({ x, filter, strides: stride, pad: padding, bias, activation: fused }));
      case 'depthwise':
        return (x) =>
          finish(tf.fused.depthwiseConv2d({ x, filter, strides: stride, pad: padding, bias, activation: fused }));
      case 'dense':
        return (x) => finish(tf.fused.matMul({ a: tf.reshape(x, [1, -1]), b: filter, bias, activation: fused }));
      case 'add':
        return tf.add;
      case 'scale':
        return tf.mul;
      case 'activation':
        return curves[activation];
      case 'maxPool':
        return (x) => tf.maxPool(x, kernelSize, stride, same ? 'same' : 'valid');
      case 'globalAveragePool':
        return (x) => tf.mean(x, [1, 2], true);
      case 'softmax':
        return tf.softmax;
    }
    throw new Error(`tfjs: ${kind}, expected a kind of layer that is known here`);
  };
}
