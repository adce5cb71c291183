import { greater, lesser } from './integers';

/** Bytes of a cache line. */
const LINE: usize = 64;

/** Fetched in one go: less takes longer for each byte, and all has to stay in the second-level cache until it is used. */
const AHEAD_BYTES: i32 = 64 * 1024;

/** What `fetch` reads goes here, so that no compiler leaves the loads out. */
let lastRead: i32 = 0;

/** Reads a value of each cache line from `from` (a multiple of 4) to `end`. */
function fetch(from: usize, end: usize): void {
  let bits = 0;
  let p = from;
  // Loads alone, none of which waits for another: as many are on their way as the processor allows.
  for (; p + 7 * LINE < end; p += 8 * LINE) {
    bits |= load<i32>(p) | load<i32>(p, 64) | load<i32>(p, 128) | load<i32>(p, 192);
    bits |= load<i32>(p, 256) | load<i32>(p, 320) | load<i32>(p, 384) | load<i32>(p, 448);
  }
  for (; p < end; p += LINE) bits |= load<i32>(p);
  lastRead = bits;
}

/**
 * Brings a panel of weights into the cache, and some behind it. Weights were last used in the run before, and the few of a
 * panel that a multiplication asks for at once do not keep the memory busy.
 *
 * `fetched` is where the fetched weights end (at first where all begin), `end` where all do; returns the new `fetched`.
 */
export function fetchPanel(panel: usize, panelSize: usize, fetched: usize, end: usize): usize {
  if (fetched >= end || panel + panelSize <= fetched) return fetched;
  const until = <usize>lesser(<i32>end, <i32>panel + greater(<i32>panelSize, AHEAD_BYTES));
  fetch(fetched, until);
  return until;
}
