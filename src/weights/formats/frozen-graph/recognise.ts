const NODE = 0x0a;
const NAME = 0x0a;
const OPERATOR = 0x12;

/** Whether a file begins as a GraphDef does: with a node, whose first fields are its name and its operator. */
export function isGraphDef(head: Uint8Array): boolean {
  if (head[0] !== NODE) return false;
  const node = skipVarint(head, 1);
  if (head[node] !== NAME) return false;
  const name = skipVarint(head, node + 1);
  const length = head.subarray(node + 1, name).reduceRight((value, byte) => value * 128 + (byte & 0x7f), 0);
  const operator = name + length;
  if (length === 0 || head[operator] !== OPERATOR) return false;
  const text = Buffer.from(head.subarray(operator + 2, operator + 2 + (head[operator + 1] ?? 0))).toString('latin1');
  return /^[A-Za-z_]\w*$/.test(text);
}

/** Where the number that begins at `offset` ends. */
function skipVarint(bytes: Uint8Array, offset: number): number {
  let at = offset;
  while (at < offset + 5 && (bytes[at] ?? 0) >= 0x80) at++;
  return at + 1;
}
