// Prints the images of a folder that show what you look for: those with a label that contains the word among their first
// three predictions.
//
//   node find-images.mjs ~/Pictures boat
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'mobilenet';

const [folder, word] = process.argv.slice(2);
if (folder === undefined || word === undefined) {
  console.error('usage: node find-images.mjs FOLDER WORD');
  process.exit(2);
}

/** Names are read as they are needed, so the folder may be large. */
async function* imagesIn(path) {
  for await (const entry of await opendir(path, { recursive: true })) {
    if (entry.isFile() && /\.(jpe?g|png|webp|gif|tiff?|avif)$/i.test(entry.name)) {
      yield join(entry.parentPath ?? entry.path, entry.name);
    }
  }
}

const model = await load();
let failed = 0;
// One row for each image, in order. A damaged image is a row with an error; the others go on.
for await (const row of model.classifyAll(imagesIn(folder), { top: 3 })) {
  if (!row.ok) {
    console.error(row.error.message);
    failed++;
  } else if (row.predictions.some(({ label }) => label.includes(word))) {
    console.log(row.image);
  }
}
model.close();
process.exitCode = failed > 0 ? 1 : 0;
