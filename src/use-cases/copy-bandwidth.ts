import { median } from '../domain/statistics.js';

const BYTES = 64 * 1024 * 1024;
const RUNS = 7;

/** GB/s (10⁹ bytes read and written each second) of copying memory that no cache holds: the roofline's slope. */
export function measureCopy(): number {
  const source = new Uint8Array(BYTES).fill(1);
  const target = new Uint8Array(BYTES);
  const times = Array.from({ length: RUNS + 1 }, () => {
    const start = performance.now();
    target.set(source);
    return performance.now() - start;
  });
  // The first copy also pays for the pages.
  return Number(((2 * BYTES) / median(times.slice(1)) / 1e6).toFixed(2));
}
