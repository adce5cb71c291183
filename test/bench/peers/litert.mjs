/** node litert.mjs FOLDER NETWORK_JSON RUNS [f32|int8]: LiteRT.js (XNNPACK compiled to WASM), one thread. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { asProbabilities, pictureByte, pictureValue, time } from './timing.mjs';

const [, , folder, file, runs, dtype = 'f32'] = process.argv;
const require = createRequire(join(folder, 'package.json'));
const entry = require.resolve('@litertjs/core');
prepareGlobals();
const { loadLiteRt, loadAndCompile, Tensor } = await import(pathToFileURL(entry).href);
await loadLiteRt(join(dirname(entry), '..', 'wasm') + sep);

const description = JSON.parse(readFileSync(file, 'utf8'));
const bytes = readFileSync(file.replace(/\.json$/, dtype === 'int8' ? '-int8.tflite' : '.tflite'));
const model = await loadAndCompile(new Uint8Array(bytes), { accelerator: 'wasm', cpuOptions: { numThreads: 1 } });
const [{ shape, dtype: inputType }] = model.getInputDetails();
const length = shape.reduce((product, extent) => product * extent, 1);
const [Values, valueAt] = inputType === 'float32' ? [Float32Array, pictureValue] : [Uint8Array, pictureByte];
const picture = Values.from({ length }, (_, index) => valueAt(index));

let output;
const times = await time(async () => {
  const input = new Tensor(picture, [...shape]);
  const [probabilities] = await model.run(input);
  output = (await probabilities.data()).slice();
  input.delete();
  probabilities.delete();
}, Number(runs));
const { scale = 1, zeroPoint = 0 } = description.output ?? {};
const values = Array.from(output, (value) => (value - zeroPoint) * scale);
// Probabilities in bytes need not add up to 1.
const isWhole = description.output !== undefined && scale * 255 <= 1;
const result = { ...times, output: isWhole ? values : asProbabilities(values) };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

/** The package is made for browsers: it expects a worker's globals, and its loader is a script, not a module. */
function prepareGlobals() {
  globalThis.self = globalThis;
  globalThis.navigator ??= { hardwareConcurrency: 1, userAgent: 'Node.js' };
  globalThis.importScripts = (path) => {
    const module = { exports: {} };
    const names = ['module', 'exports', 'require', '__filename', '__dirname'];
    const run = compileFunction(readFileSync(path, 'utf8'), names, { filename: path });
    run(module, module.exports, createRequire(path), path, dirname(path));
    globalThis.ModuleFactory = module.exports;
  };
  // The last line of stdout is the result.
  console.log = console.error;
}
