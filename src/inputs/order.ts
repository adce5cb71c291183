/**
 * Natural order of names: runs of digits compare as numbers, so that `img10` follows `img9`; all else by code unit, the
 * same in every locale. Names that differ in leading zeros alone compare by code unit, so only equal names are equal.
 */
export function compareNames(a: string, b: string): number {
  const at = commonLength(a, b);
  if (at === a.length || at === b.length) return a.length - b.length;
  const [inA, inB] = [isDigit(a, at), isDigit(b, at)];
  if (!inA && !inB) return a.charCodeAt(at) - b.charCodeAt(at);
  let start = at;
  while (start > 0 && isDigit(a, start - 1)) start--;
  // Text that ends at a number comes before text that goes on.
  if (start === at && inA !== inB && at > 0) return inA ? -1 : 1;
  // What is before is equal, and splits in the same way.
  return compareNumbers(a, b, start) || compareParts(a.slice(start), b.slice(start));
}

/** Those that begin at a place of both texts; 0 where they are equal, or one of them is none. */
function compareNumbers(a: string, b: string, start: number): number {
  const [firstA, firstB] = [skipZeros(a, start), skipZeros(b, start)];
  let [endA, endB] = [firstA, firstB];
  while (isDigit(a, endA)) endA++;
  while (isDigit(b, endB)) endB++;
  if (endA === start || endB === start) return 0;
  const longer = endA - firstA - (endB - firstB);
  if (longer !== 0) return longer;
  for (let at = 0; firstA + at < endA; at++) {
    const order = a.charCodeAt(firstA + at) - b.charCodeAt(firstB + at);
    if (order !== 0) return order;
  }
  return 0;
}

function skipZeros(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) === 0x30) at++;
  return at;
}

function commonLength(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

function isDigit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0x30 && unit <= 0x39;
}

function compareParts(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  for (const [at, x] of left.entries()) {
    const y = right[at];
    if (y === undefined) break;
    if (x === y) continue;
    const order = isDigit(x, 0) && isDigit(y, 0) ? compareNumbers(x, y, 0) : compareUnits(x, y);
    if (order !== 0) return order;
  }
  return left.length - right.length || compareUnits(a, b);
}

function split(name: string): readonly string[] {
  return name.match(/\d+|\D+/g) ?? [];
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
