// Classifies raw frames, here of a video that ffmpeg decodes; prints a line when the answer changes.
//
//   ffmpeg -loglevel error -i video.mp4 -vf fps=2,scale=320:240 -f rawvideo -pix_fmt rgb24 - | node video-frames.mjs 320 240
import { load } from 'mobilenet';

const [width, height] = process.argv.slice(2).map(Number);
if (!(width > 0 && height > 0)) {
  console.error('usage: node video-frames.mjs WIDTH HEIGHT < FRAMES');
  process.exit(2);
}

/** Cuts the stream into frames. The same buffer serves for all: the library copies pixels when it takes them. */
async function* framesOf(stream) {
  const data = new Uint8Array(width * height * 3);
  let filled = 0;
  for await (let chunk of stream) {
    while (chunk.length > 0) {
      const part = chunk.subarray(0, data.length - filled);
      data.set(part, filled);
      filled += part.length;
      chunk = chunk.subarray(part.length);
      if (filled < data.length) continue;
      yield { data, width, height, channels: 3 };
      filled = 0;
    }
  }
}

const model = await load({ model: 'mobilenet_v2', dtype: 'int8' });
let last;
for await (const row of model.classifyAll(framesOf(process.stdin), { top: 1, jobs: 1 })) {
  if (!row.ok) throw new Error(row.error.message);
  const [{ label, probability }] = row.predictions;
  if (label !== last) console.log(`frame ${row.index}: ${label} (${(100 * probability).toFixed(1)} %)`);
  last = label;
}
model.close();
