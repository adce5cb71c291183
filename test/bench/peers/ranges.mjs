/** node ranges.mjs FOLDER NETWORK_JSON: smallest and largest value of each map on the picture, as JSON, by ONNX Runtime. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pictureInPlanes } from './timing.mjs';

const [, , folder, file] = process.argv;
const ort = createRequire(join(folder, 'package.json'))('onnxruntime-node');
const session = await ort.InferenceSession.create(readFileSync(file.replace(/\.json$/, '-every-map.onnx')));
const { resolution } = JSON.parse(readFileSync(file, 'utf8'));
const picture = pictureInPlanes(resolution);
const input = new ort.Tensor('float32', picture, [1, 3, resolution, resolution]);
const maps = await session.run({ [session.inputNames[0]]: input });
const ranges = { input: rangeOf(picture) };
for (const [name, { data }] of Object.entries(maps)) ranges[name] = rangeOf(data);
console.log(JSON.stringify(ranges));

function rangeOf(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}
