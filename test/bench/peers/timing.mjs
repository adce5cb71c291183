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
