/** Numbers below a bound; Marsaglia's xorshift with 32 bits, so that a seed gives the same damage each time. */
export type Random = (below: number) => number;

export function createRandom(seed: number): Random {
  // Neighbouring seeds must not begin alike.
  let state = Math.imul(seed + 0x9e3779b9, 0x85ebca6b) | 1;
  const random: Random = (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  for (let i = 0; i < 4; i++) random(2);
  return random;
}

const EXTREMES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 53n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];
const NUMBERS = ['0', '-1', '1e99', '4294967296', '9007199254740993', 'null', '[]', '{}', '""', '0.5', '268435456'];

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const flipBits: Mutation = (bytes, random) => {
  const damaged = bytes.slice();
  for (let flips = 1 + random(8); flips > 0; flips--) damaged[random(bytes.length)]! ^= 1 << random(8);
  return damaged;
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, random(bytes.length));

/** A length field at its extremes, of any width, wherever it may be. */
const putExtreme: Mutation = (bytes, random) => {
  const damaged = bytes.slice();
  const width = [1, 2, 4, 8][random(4)]!;
  const near = random(3) === 0 ? BigInt(bytes.length) + BigInt(random(9)) - 4n : EXTREMES[random(EXTREMES.length)]!;
  const at = random(Math.max(bytes.length - width, 1));
  for (let i = 0; i < width && at + i < damaged.length; i++) damaged[at + i] = Number((near >> BigInt(8 * i)) & 0xffn);
  return damaged;
};

/** Protocol buffers keep lengths as varints: one of ten bytes in the place of whatever is there. */
const putVarint: Mutation = (bytes, random) => {
  const at = random(bytes.length);
  const length = 1 + random(10);
  const varint = Uint8Array.from({ length }, (_, i) => (i === length - 1 ? random(128) : 128 + random(128)));
  return join(bytes.subarray(0, at), varint, bytes.subarray(at + 1));
};

const repeatPart: Mutation = (bytes, random) => {
  const from = random(bytes.length);
  const part = bytes.subarray(from, from + 1 + random(200));
  const at = random(bytes.length);
  return join(bytes.subarray(0, at), ...new Array<Uint8Array>(1 + random(20)).fill(part), bytes.subarray(at));
};

const removePart: Mutation = (bytes, random) => {
  const from = random(bytes.length);
  return join(bytes.subarray(0, from), bytes.subarray(from + 1 + random(100)));
};

/** In JSON (headers, topologies) a number becomes another value; a shorter one keeps the length. */
const replaceNumber: Mutation = (bytes, random) => {
  const text = Buffer.from(bytes).toString('latin1');
  const matches = [...text.matchAll(/-?\d+(?:\.\d+)?/g)];
  if (matches.length === 0) return flipBits(bytes, random);
  const { index, 0: found } = matches[random(matches.length)]!;
  const changed =
    text.slice(0, index) + NUMBERS[random(NUMBERS.length)]!.padEnd(found.length) + text.slice(index + found.length);
  return new Uint8Array(Buffer.from(changed, 'latin1'));
};

/** In JSON one text takes the place of another: names, operators, types. */
const replaceText: Mutation = (bytes, random) => {
  const text = Buffer.from(bytes).toString('latin1');
  const matches = [...text.matchAll(/"[\w/.=+-]*"/g)];
  if (matches.length === 0) return flipBits(bytes, random);
  const { index, 0: found } = matches[random(matches.length)]!;
  const changed = text.slice(0, index) + matches[random(matches.length)]![0] + text.slice(index + found.length);
  return new Uint8Array(Buffer.from(changed, 'latin1'));
};

const BINARY = [flipBits, flipBits, truncate, putExtreme, putExtreme, putVarint, repeatPart, removePart, replaceNumber];
/** Most other damage to JSON is no JSON any more. */
const TEXT = [...new Array<Mutation>(9).fill(replaceNumber), ...new Array<Mutation>(9).fill(replaceText), ...BINARY];

function isText(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7b || bytes[8] === 0x7b;
}

/** One to three kinds of damage. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  // A copy: `slice` of a Buffer is none.
  let damaged: Uint8Array = new Uint8Array(bytes);
  for (let times = 1 + (random(3) === 0 ? random(3) : 0); times > 0 && damaged.length > 0; times--) {
    const mutations = isText(damaged) ? TEXT : BINARY;
    damaged = mutations[random(mutations.length)]!(damaged, random);
  }
  return damaged;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
