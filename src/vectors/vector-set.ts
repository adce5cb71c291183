import { UsageError } from '../errors/errors.js';

/** Integers that a vector is stored in go from 0 to this: what the kernels take as input. */
const MOST = 127;
/** Steps of the rest in one step of a vector's integers. */
const REST = 256;
/** Vectors that memory is reserved for at once. */
const CHUNK = 1024;
/** The most numbers of a vector; sums of products of its integers stay below 2³¹. */
export const MOST_COLUMNS = 65536;

interface Chunk {
  readonly bytes: Uint8Array;
  readonly rests: Int8Array | undefined;
}

/**
 * Vectors of length 1 in integers, one scale and one zero point for each: number = scale · (byte − zero + rest / 256). The
 * bytes are what is searched. Where the rests are kept too, similarities are those of 15-bit integers (an error of about
 * 1e-5), otherwise those of the bytes (about 1e-3).
 */
export class VectorSet {
  readonly columns: number;
  readonly #hasRests: boolean;
  readonly #chunks: Chunk[] = [];
  readonly #scales: number[] = [];
  readonly #zeros: number[] = [];
  readonly #errors: number[] = [];

  constructor(columns: number, { rests = true }: { readonly rests?: boolean } = {}) {
    if (!(columns >= 1 && columns <= MOST_COLUMNS)) throw new RangeError(`vectors of ${columns} numbers`);
    this.columns = columns;
    this.#hasRests = rests;
  }

  get count(): number {
    return this.#scales.length;
  }

  /**
   * Adds a vector of any length; a vector of zeros is like no other.
   * @param where what an error calls it
   * @throws UsageError where a number is not finite
   */
  add(vector: Float32Array, where = `vector ${this.count + 1}`): void {
    this.#expect(vector.length);
    let least = 0;
    let most = 0;
    for (const value of vector) {
      if (!Number.isFinite(value)) throw new UsageError({ where, problem: `${value}`, expected: 'finite numbers' });
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    const { bytes, rests } = this.#place();
    const unit = most - least > 0 ? MOST / (most - least) : 0;
    const zero = Math.round(-least * unit);
    let squares = 0;
    let lost = 0;
    for (let column = 0; column < vector.length; column++) {
      const value = vector[column]! * unit;
      const whole = Math.max(-zero, Math.min(MOST - zero, Math.round(value)));
      bytes[column] = whole + zero;
      if (!rests) {
        squares += whole * whole;
        continue;
      }
      const rest = Math.max(-128, Math.min(127, Math.round((value - whole) * REST)));
      rests[column] = rest;
      squares += (whole + rest / REST) ** 2;
      lost += (rest / REST) ** 2;
    }
    this.#finish(zero, squares, lost);
  }

  /** Adds a vector that `integers` of a set without rests gave. */
  addIntegers(vector: Int8Array): void {
    this.#expect(vector.length);
    const least = vector.reduce((smallest, value) => Math.min(smallest, value), 0);
    const most = vector.reduce((largest, value) => Math.max(largest, value), 0);
    if (most - least > MOST) throw new RangeError(`integers from ${least} to ${most}, more than ${MOST} apart`);
    const { bytes } = this.#place();
    let squares = 0;
    vector.forEach((value, column) => {
      bytes[column] = value - least;
      squares += value * value;
    });
    this.#finish(-least, squares, 0);
  }

  /** A vector's integers without scale, −127 to 127, at most 127 apart. */
  integers(n: number, target = new Int8Array(this.columns)): Int8Array<ArrayBuffer> {
    const bytes = this.bytes(n);
    const zero = this.zero(n);
    for (let column = 0; column < bytes.length; column++) target[column] = bytes[column]! - zero;
    return target;
  }

  /** A vector's integers plus zero point, 0 to 127; no copy. */
  bytes(n: number): Uint8Array {
    return this.#chunks[Math.floor(n / CHUNK)]!.bytes.subarray(
      (n % CHUNK) * this.columns,
      ((n % CHUNK) + 1) * this.columns,
    );
  }

  zero(n: number): number {
    return this.#zeros[n]!;
  }

  /** 0 for a vector of zeros. */
  scale(n: number): number {
    return this.#scales[n]!;
  }

  /** Length of the difference between the vector and the one that its bytes alone stand for. */
  error(n: number): number {
    return this.#errors[n]!;
  }

  /** All that is stored of a vector, in multiples of its scale / 256: whole numbers. */
  fine(n: number, target: Float64Array): Float64Array {
    const bytes = this.bytes(n);
    const zero = this.zero(n);
    const { rests } = this.#chunks[Math.floor(n / CHUNK)]!;
    const first = (n % CHUNK) * this.columns;
    for (let column = 0; column < bytes.length; column++) {
      target[column] = (bytes[column]! - zero) * REST + (rests ? rests[first + column]! : 0);
    }
    return target;
  }

  #expect(length: number): void {
    if (length !== this.columns) throw new RangeError(`a vector of ${length} numbers, expected ${this.columns}`);
  }

  #place(): { readonly bytes: Uint8Array; readonly rests: Int8Array | undefined } {
    const n = this.count;
    if (n % CHUNK === 0) {
      const size = CHUNK * this.columns;
      this.#chunks.push({ bytes: new Uint8Array(size), rests: this.#hasRests ? new Int8Array(size) : undefined });
    }
    const first = (n % CHUNK) * this.columns;
    return { bytes: this.bytes(n), rests: this.#chunks.at(-1)!.rests?.subarray(first, first + this.columns) };
  }

  #finish(zero: number, squares: number, lost: number): void {
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    this.#scales.push(scale);
    this.#zeros.push(zero);
    this.#errors.push(scale * Math.sqrt(lost));
  }
}

/** Cosines of pairs of vectors, from all that is stored of them: the same either way round and on every runtime. */
export function createSimilarity(columns: number): (a: VectorSet, m: number, b: VectorSet, n: number) => number {
  const first = { numbers: new Float64Array(columns), set: undefined as VectorSet | undefined, n: -1 };
  const second = new Float64Array(columns);
  return (a, m, b, n) => {
    // Successive pairs often share their first vector.
    if (first.set !== a || first.n !== m) {
      a.fine(m, first.numbers);
      first.set = a;
      first.n = m;
    }
    b.fine(n, second);
    let sum = 0;
    for (let column = 0; column < columns; column++) sum += first.numbers[column]! * second[column]!;
    return Math.max(-1, Math.min(1, (sum / REST ** 2) * (a.scale(m) * b.scale(n))));
  };
}
