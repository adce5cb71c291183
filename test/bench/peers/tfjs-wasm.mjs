/** node tfjs-wasm.mjs FOLDER NETWORK_JSON RUNS: one picture, many times. */
import { openNetwork } from './tfjs-network.mjs';
import { pictureValue, time } from './timing.mjs';

const [, , folder, file, runs] = process.argv;
const { tf, resolution, run } = await openNetwork(folder, file);
const picture = tf.tensor4d(
  Float32Array.from({ length: resolution * resolution * 3 }, (_, i) => pictureValue(i)),
  [1, resolution, resolution, 3],
);

let output;
const times = await time(async () => {
  const y = run(picture);
  output = await y.data();
  y.dispose();
}, Number(runs));
console.log(JSON.stringify({ ...times, output: [...output] }));
