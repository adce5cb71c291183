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
  const placed: { span: Span; start: number; end: number }[] = [];
  for (const span of [...spans].sort((a, b) => b.bytes - a.bytes)) {
    let start = 0;
    for (const other of placed) {
      const together = span.from <= other.span.to && other.span.from <= span.to;
      if (!together) continue;
      if (start + span.bytes <= other.start) break;
      start = Math.max(start, other.end);
    }
    const isBehind = placed.findIndex((other) => other.start > start);
    placed.splice(isBehind < 0 ? placed.length : isBehind, 0, { span, start, end: start + align(span.bytes) });
  }
  return {
    offsets: new Map(placed.map(({ span, start }) => [span.name, start])),
    bytes: placed.reduce((most, { end }) => Math.max(most, end), 0),
  };
}
