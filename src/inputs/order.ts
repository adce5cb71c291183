/**
 * Natural order of names: runs of digits compare as numbers, so that `img10` follows `img9`; all else by code unit, the
 * same in every locale. Names that differ in leading zeros alone compare by code unit, so only equal names are equal.
 */
export function compareNames(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  for (const [at, x] of left.entries()) {
    const y = right[at];
    if (y === undefined) break;
    if (x === y) continue;
    const order = isNumber(x) && isNumber(y) ? compareDigits(x, y) : compareUnits(x, y);
    if (order !== 0) return order;
  }
  return left.length - right.length || compareUnits(a, b);
}

function split(name: string): readonly string[] {
  return name.match(/\d+|\D+/g) ?? [];
}

function isNumber(part: string): boolean {
  return part >= '0' && part < ':';
}

/** Of any length. */
function compareDigits(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return x.length - y.length || compareUnits(x, y);
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
