/** node onnxruntime.mjs FOLDER NETWORK_JSON RUNS node|web: ONNX Runtime, native or compiled to WASM, one thread. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pictureValue, time } from './timing.mjs';

const [, , folder, file, runs, build] = process.argv;
const require = createRequire(join(folder, 'package.json'));
const ort = require(`onnxruntime-${build}`);
if (build === 'web') ort.env.wasm.numThreads = 1;
const options =
  build === 'web'
    ? { executionProviders: ['wasm'] }
    : { executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1 };
const session = await ort.InferenceSession.create(readFileSync(file.replace(/json$/, 'onnx')), options);

const { resolution } = JSON.parse(readFileSync(file, 'utf8'));
const pixels = resolution * resolution;
const planes = new Float32Array(3 * pixels);
for (let i = 0; i < planes.length; i++) planes[(i % 3) * pixels + Math.floor(i / 3)] = pictureValue(i);
const input = new ort.Tensor('float32', planes, [1, 3, resolution, resolution]);
let output;
const times = await time(async () => {
  output = Object.values(await session.run({ [session.inputNames[0]]: input }))[0].data;
}, Number(runs));
console.log(JSON.stringify({ ...times, output: asProbabilities([...output]) }));
// Worker threads of the WASM build would keep the process alive.
process.exit(0);

/** A file of one's own may end in logits. */
function asProbabilities(values) {
  const sum = values.reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) < 1e-3 && values.every((value) => value >= 0)) return values;
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const total = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / total);
}
