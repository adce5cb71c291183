/**
 * npx tsx models/compare-mobilenet-v1.ts RETRAINED_GRAPH TFJS_FOLDER
 * Compares TF-slim's weights in a frozen graph, bit for bit, with those of Keras's MobileNet as a TensorFlow.js
 * layers-model, of which some shards may be absent. Keras's classifier has no class for background.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slimV1 } from '../src/weights/families/slim.js';
import { toFloat32 } from '../src/weights/half.js';
import { readFrozenMobilenetV1 } from './frozen-weights.js';

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
}

const PARAMETERS = {
  kernel: 'weights',
  depthwise_kernel: 'weights',
  bias: 'bias',
  gamma: 'gamma',
  beta: 'beta',
  moving_mean: 'mean',
  moving_variance: 'variance',
} as const;

const [graphPath, folder] = process.argv.slice(2);
if (graphPath === undefined || folder === undefined) throw new Error('expected RETRAINED_GRAPH and TFJS_FOLDER');

const slim = readFrozenMobilenetV1(readFileSync(graphPath), graphPath);
const groups = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')).weightsManifest as {
  readonly paths: readonly string[];
  readonly weights: readonly Weight[];
}[];
let equal = 0;
const different: string[] = [];
const absent: string[] = [];
for (const { paths, weights } of groups) {
  const shards = paths.map((path) => join(folder, path));
  if (!shards.every((path) => existsSync(path))) {
    absent.push(...weights.map(({ name }) => name));
    continue;
  }
  const bytes = Buffer.concat(shards.map((path) => readFileSync(path)));
  let offset = 0;
  for (const { name, shape } of weights) {
    const count = shape.reduce((product, size) => product * size, 1);
    const expected = bytes.subarray(offset, offset + 4 * count);
    offset += 4 * count;
    const found = Buffer.from(slimBytes(name, shape));
    if (found.equals(expected)) equal++;
    else different.push(name);
  }
}
console.log(`${equal} tensors equal, ${different.length} different, ${absent.length} absent from the folder`);
for (const name of different) console.log(`  different: ${name}`);
for (const name of absent) console.log(`  absent: ${name}`);
if (different.length > 0) process.exitCode = 1;

/** The bytes of TF-slim's tensor that Keras's `conv_pw_1_bn/gamma` is a copy of. */
function slimBytes(kerasName: string, shape: readonly number[]): ArrayBuffer {
  const [layer = '', parameter = ''] = kerasName.split('/');
  const names = slimV1.names(layer.replace(/_bn$/, ''));
  const tensor = slim.get(names[PARAMETERS[parameter as keyof typeof PARAMETERS]] ?? '');
  if (tensor === undefined) throw new Error(`${graphPath}: no tensor for ${kerasName}`);
  const columns = tensor.shape.at(-1)!;
  const data = toFloat32(tensor.data);
  const isWhole = columns === shape.at(-1) || !kerasName.startsWith('conv_preds');
  return Float32Array.from(isWhole ? data : data.filter((_, index) => index % columns !== 0)).buffer;
}
