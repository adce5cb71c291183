/**
 * npx tsx test/bench/half-precision.ts FOLDER --pth mobilenet_v2-b0353104.pth | --tfjs WEB_MODEL_FOLDER
 * Over a folder of pictures: on how many do the box's half-precision weights and the original single-precision ones
 * (models/README.md says where they come from) agree on the first place?
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { createSession } from '../../src/engine/session.js';
import { prepareImage } from '../../src/images/prepare.js';
import { chooseModel } from '../../src/models/choose.js';
import { mapTfhubEfficientnet } from '../../src/weights/families/efficientnet-tfhub.js';
import { recognise } from '../../src/weights/families/recognise.js';
import { readPyTorch } from '../../src/weights/formats/pytorch/read.js';
import { readTfjs } from '../../src/weights/formats/tfjs/model-folder.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { pth: { type: 'string' }, tfjs: { type: 'string' } },
});
const [folder] = positionals;
const original = values.pth ?? values.tfjs;
if (folder === undefined || original === undefined)
  throw new Error('expected a folder of pictures, and --pth or --tfjs');

const model = await chooseModel({ model: values.pth ? 'mobilenet_v2' : 'efficientnet_b0' });
const single = values.pth
  ? recognise(readPyTorch(readFileSync(original), original), original).weights
  : mapTfhubEfficientnet(readTfjs(original), original);
const sessions = await Promise.all(
  [model.readWeights(), single].map((weights) => createSession(model.network, weights, model.epsilon)),
);

let agree = 0;
let difference = 0;
const pictures = readdirSync(folder).filter((name) => /\.jpe?g$/i.test(name));
for (const name of pictures) {
  await prepareImage(join(folder, name), model.preprocessing, sessions[0]!.input, loadPixelKernels());
  sessions[1]!.input.set(sessions[0]!.input);
  const [half, full] = sessions.map((session) => session.run()) as [Float32Array, Float32Array];
  const first = full.indexOf(Math.max(...full));
  if (half.indexOf(Math.max(...half)) === first) agree++;
  difference = Math.max(difference, Math.abs(half[first]! - full[first]!));
}
console.log(JSON.stringify({ model: model.facts.network, n: pictures.length, agree, largestDifference: difference }));
