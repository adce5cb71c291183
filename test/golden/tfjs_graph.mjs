// Prints tfjs-graph.json: the first features that TensorFlow.js itself gives for the graph-model of the reference data
// and two synthetic pictures of 97 × 97 in 0…1.
//
//     npm i @tensorflow/tfjs-core @tensorflow/tfjs-converter @tensorflow/tfjs-backend-cpu
//     node test/golden/tfjs_graph.mjs FOLDER > test/golden/tfjs-graph.json
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(join(process.cwd(), 'here.js'));
const tf = require('@tensorflow/tfjs-core');
const { loadGraphModel } = require('@tensorflow/tfjs-converter');
require('@tensorflow/tfjs-backend-cpu');

const [folder, side = '97', scale = '1'] = process.argv.slice(2);
const model = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
const shards = model.weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(join(folder, path))));
const weights = Buffer.concat(shards);
const loaded = await loadGraphModel({
  load: async () => ({
    modelTopology: model.modelTopology,
    signature: model.signature,
    weightSpecs: model.weightsManifest.flatMap((group) => group.weights),
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length),
  }),
});

/** Value i of picture 0 or 1; the tests draw the same. */
const draw = (picture, i) => ((i * (picture ? 7919 : 104729)) % 1009) / 1009;

const n = Number(side);
const outputs = [0, 1].map((picture) => {
  const values = Float32Array.from({ length: n * n * 3 }, (_, i) => draw(picture, i) * Number(scale));
  const result = loaded.predict(tf.tensor4d(values, [1, n, n, 3]));
  return [...result.dataSync()];
});
console.log(JSON.stringify({ side: n, outputs }));
