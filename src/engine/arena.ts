/** A stretch of memory that must hold its values from step `from` to step `to`, both included. */
export interface Span {
  readonly name: string;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

export interface Placed {
  /** Byte offset of each span from the start of the arena. */
  readonly offsets: ReadonlyMap<string, number>;
  readonly bytes: number;
}

/** Every offset is a multiple of this: a cache line. */
export const ALIGNMENT = 64;

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/**
 * Gives each span the lowest gap that is free during its whole life, largest spans first
 * (greedy by size, Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference").
 */
export function place(spans: readonly Span[]): Placed {
  const offsets = new Map<string, number>();
  // Of each step, what lives then: most spans are together with few others.
  const living = Array.from({ length: Math.max(0, ...spans.map(({ to }) => to + 1)) }, (): Stretch[] => []);
  let bytes = 0;
  for (const span of [...spans].sort((a, b) => b.bytes - a.bytes)) {
    const during = living.slice(span.from, span.to + 1);
    const start = lowestGap(span.bytes, [...new Set(during.flat())]);
    const own = { start, end: start + align(span.bytes) };
    for (const step of during) step.push(own);
    offsets.set(span.name, start);
    bytes = Math.max(bytes, own.end);
  }
  return { offsets, bytes };
}

interface Stretch {
  readonly start: number;
  readonly end: number;
}

function lowestGap(bytes: number, taken: Stretch[]): number {
  let start = 0;
  for (const other of taken.sort((a, b) => a.start - b.start)) {
    if (start + bytes <= other.start) break;
    start = Math.max(start, other.end);
  }
  return start;
}
