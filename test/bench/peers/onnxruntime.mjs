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
  output = Object.values(await session.run({ input }))[0].data;
}, Number(runs));
console.log(JSON.stringify({ ...times, output: [...output] }));
// Worker threads of the WASM build would keep the process alive.
process.exit(0);
