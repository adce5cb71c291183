/**
 * node tfjs-batch.mjs FOLDER NETWORK_JSON PREPROCESSING_JSON PICTURES: the loop that a user would write: sharp decodes,
 * scales and cuts each picture, then TensorFlow.js runs. Prints the top class of each, one a line.
 */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { openNetwork } from './tfjs-network.mjs';

const [, , folder, file, settings, pictures] = process.argv;
const sharp = createRequire(join(folder, 'package.json'))('sharp');
const { resize, mean, std } = JSON.parse(settings);
const { tf, resolution, run } = await openNetwork(folder, file);
const middle = Math.round((resize - resolution) / 2);
const means = tf.tensor1d(mean.map((value) => value * 255));
const stds = tf.tensor1d(std.map((value) => value * 255));
for (const name of readdirSync(pictures).sort()) {
  const pixels = await sharp(join(pictures, name))
    .rotate()
    .resize(resize, resize, { fit: 'cover', kernel: 'linear' })
    .extract({ left: middle, top: middle, width: resolution, height: resolution })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer();
  const y = tf.tidy(() => {
    const bytes = tf.tensor4d(Int32Array.from(pixels), [1, resolution, resolution, 3], 'int32');
    return run(tf.div(tf.sub(tf.cast(bytes, 'float32'), means), stds));
  });
  const probabilities = await y.data();
  y.dispose();
  let top = 0;
  for (let index = 1; index < probabilities.length; index++) if (probabilities[index] > probabilities[top]) top = index;
  console.log(top);
}
