/*
 * Writes tfjs-layers/: a small layers-model as TensorFlow.js itself saves one, and what TensorFlow.js gives for a picture.
 *
 *     npm install @tensorflow/tfjs@4.22.0
 *     node test/golden/tfjs_layers.cjs
 */
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const tf = require('@tensorflow/tfjs');

const folder = join(__dirname, 'tfjs-layers');
const SIDE = 12;

async function main() {
  await tf.setBackend('cpu');
  const input = tf.input({ shape: [SIDE, SIDE, 3] });
  const biases = { biasInitializer: 'randomNormal' };
  const layers = [
    tf.layers.rescaling({ scale: 1 / 255, offset: 0 }),
    tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'hardSigmoid', ...biases }),
    tf.layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' }),
    tf.layers.separableConv2d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', ...biases }),
    tf.layers.leakyReLU({ alpha: 0.2 }),
    tf.layers.maxPooling2d({ poolSize: 3 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 4, ...biases }),
  ];
  const output = layers.reduce((value, layer) => layer.apply(value), input);
  const model = tf.model({ inputs: input, outputs: output });
  const picture = Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7919) % 256);
  const values = await model.predict(tf.tensor(picture, [1, SIDE, SIDE, 3])).data();
  const save = async ({ format, generatedBy, modelTopology, weightSpecs, weightData }) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'model (1).weights.bin'), Buffer.from(weightData));
    const weightsManifest = [{ paths: ['./model (1).weights.bin'], weights: weightSpecs }];
    const json = JSON.stringify({ format, generatedBy, modelTopology, weightsManifest });
    writeFileSync(join(folder, 'model.json'), `${json}\n`);
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  };
  await model.save(tf.io.withSaveHandler(save));
  writeFileSync(join(__dirname, 'tfjs-layers.json'), `${JSON.stringify({ outputs: [...values] })}\n`);
}

main();
