// Says what is in an image.
//
//   node classify-file.mjs photo.jpg
import { ImageError, load } from 'mobilenet';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node classify-file.mjs IMAGE');
  process.exit(2);
}

const model = await load('mobilenet_v2');
try {
  const { predictions, ms } = await model.classify(file, { top: 3 });
  for (const { label, probability } of predictions) console.log(`${(100 * probability).toFixed(1)} % ${label}`);
  console.log(`decoded in ${ms.decode.toFixed(1)} ms, classified in ${ms.run.toFixed(1)} ms`);
} catch (error) {
  if (!(error instanceof ImageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
model.close();
