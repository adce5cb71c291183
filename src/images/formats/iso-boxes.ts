/** A box of an ISO base media file: its type and what it contains, as positions in the file. */
export interface Box {
  readonly type: string;
  readonly from: number;
  readonly to: number;
}

/** Boxes that are looked at in one box, at most. */
const MOST_BOXES = 10_000;

/** The boxes between two positions; ends without a word where one of them reaches beyond `to`. */
export function* boxesIn(view: DataView, from: number, to: number): Generator<Box> {
  for (let at = from, count = 0; at + 8 <= to && count < MOST_BOXES; count++) {
    let size = view.getUint32(at);
    let head = 8;
    if (size === 1 && at + 16 <= to) {
      size = Number(view.getBigUint64(at + 8));
      head = 16;
    } else if (size === 0) size = to - at;
    if (size < head || at + size > to) return;
    const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));
    yield { type, from: at + head, to: at + size };
    at += size;
  }
}

/** Boxes at the end of a path of types, from the outermost on. `skip`: bytes before the boxes inside of a type. */
export function findBoxes(
  view: DataView,
  [type, ...rest]: readonly string[],
  { from, to }: Pick<Box, 'from' | 'to'>,
  skip: Readonly<Record<string, number>> = {},
): readonly Box[] {
  const found = [...boxesIn(view, from, to)].filter((box) => box.type === type);
  if (rest.length === 0) return found;
  return found.flatMap((box) => findBoxes(view, rest, { from: box.from + (skip[box.type] ?? 0), to: box.to }, skip));
}
