// Makes tfjs-nsfw.json: what TensorFlow.js itself gives for the 5-class model of the reference data, for the two inputs
// of families.py.
//   node test/golden/tfjs_nsfw.cjs ../shared/reference/weights/tfjs_nsfw_mobilenet_v2
// Needs @tensorflow/tfjs-core, tfjs-layers, tfjs-backend-cpu (made with 4.22.0), none of them a dependency of this project.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const { loadLayersModel } = require('@tensorflow/tfjs-layers');

function values(name, count, low, high) {
  let seed = 0x811c9dc5;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  return Float32Array.from({ length: count }, (_, index) => {
    let x = (Math.imul(index, 0x9e3779b9) + seed) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    return low + (high - low) * ((x >>> 8) / 2 ** 24);
  });
}

async function main(folder) {
  await tf.setBackend('cpu');
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const [{ weights, paths }] = weightsManifest;
  const shard = readFileSync(join(folder, paths[0]));
  const weightData = shard.buffer.slice(shard.byteOffset, shard.byteOffset + shard.length);
  const model = await loadLayersModel({ load: async () => ({ modelTopology, weightSpecs: weights, weightData }) });
  const outputs = [];
  for (const [number, [low, high]] of [[-1, 1], [-0.4, 1.6]].entries()) {
    const picture = tf.tensor(values(`picture ${number}`, 224 * 224 * 3, low, high), [1, 224, 224, 3]);
    outputs.push([...(await model.predict(picture).data())]);
  }
  writeFileSync(join(__dirname, 'tfjs-nsfw.json'), `${JSON.stringify({ outputs })}\n`);
}

main(process.argv[2]);
