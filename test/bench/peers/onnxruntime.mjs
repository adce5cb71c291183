/** node onnxruntime.mjs FOLDER NETWORK_JSON RUNS node|web [f32|int8]: ONNX Runtime, native or in WASM, one thread. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { asProbabilities, pictureInPlanes, time } from './timing.mjs';

const [, , folder, file, runs, build, dtype = 'f32'] = process.argv;
const require = createRequire(join(folder, 'package.json'));
const ort = require(`onnxruntime-${build}`);
if (build === 'web') ort.env.wasm.numThreads = 1;
const options =
  build === 'web'
    ? { executionProviders: ['wasm'] }
    : { executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1 };
const ending = dtype === 'int8' ? '-int8.onnx' : '.onnx';
const session = await ort.InferenceSession.create(readFileSync(file.replace(/\.json$/, ending)), options);

const { resolution } = JSON.parse(readFileSync(file, 'utf8'));
const input = new ort.Tensor('float32', pictureInPlanes(resolution), [1, 3, resolution, resolution]);
let output;
const times = await time(async () => {
  output = Object.values(await session.run({ [session.inputNames[0]]: input }))[0].data;
}, Number(runs));
console.log(JSON.stringify({ ...times, output: asProbabilities([...output]) }));
// Worker threads of the WASM build would keep the process alive.
process.exit(0);
