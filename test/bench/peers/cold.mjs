/** node cold.mjs FOLDER NETWORK_JSON PHOTO: a whole process with native ONNX Runtime: decode, load, one prediction. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [, , folder, file, photo] = process.argv;
const require = createRequire(join(folder, 'package.json'));
const ort = require('onnxruntime-node');
const sharp = require('sharp');

const { resolution } = JSON.parse(readFileSync(file, 'utf8'));
const pixels = await sharp(photo).resize(resolution, resolution, { fit: 'fill' }).removeAlpha().raw().toBuffer();
const count = resolution * resolution;
const planes = new Float32Array(3 * count);
for (let i = 0; i < count; i++) {
  for (let channel = 0; channel < 3; channel++) planes[channel * count + i] = pixels[i * 3 + channel] / 127.5 - 1;
}
const session = await ort.InferenceSession.create(file.replace(/json$/, 'onnx'));
const result = await session.run({ input: new ort.Tensor('float32', planes, [1, 3, resolution, resolution]) });
const probabilities = Object.values(result)[0].data;
const top = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 5);
console.log(top.map((index) => `${index} ${probabilities[index].toFixed(3)}`).join('\n'));
