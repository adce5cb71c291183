/** Minimum and median of `runs` runs after 8 warm-up runs, in ms. */
export async function time(run, runs) {
  for (let i = 0; i < 8; i++) await run();
  const times = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { min: times[0], median: times[runs >> 1] };
}

/** The picture that every program runs: value i of height × width × 3. */
export function pictureValue(i) {
  return Math.sin(i * 0.01);
}

/** The same picture in bytes, for networks that take those. */
export function pictureByte(i) {
  return Math.round((pictureValue(i) + 1) * 127.5);
}

/** A file of one's own may end in logits. */
export function asProbabilities(values) {
  const sum = values.reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) < 1e-3 && values.every((value) => value >= 0)) return values;
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const total = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / total);
}

/** The picture by channels, as ONNX files take it. */
export function pictureInPlanes(resolution) {
  const pixels = resolution * resolution;
  const planes = new Float32Array(3 * pixels);
  for (let i = 0; i < planes.length; i++) planes[(i % 3) * pixels + Math.floor(i / 3)] = pictureValue(i);
  return planes;
}
