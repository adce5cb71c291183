import { type NameDigest, openNameDigest } from './name-digest.js';

/** Up to so many names are kept as they are: hashing is for long runs. */
const MOST_NAMES = 4096;

/** 128 bits: two of 2³² names have the same hash with a probability of 10⁻²⁰. */
const WORDS = 4;
const SMALLEST_TABLE = 2 ** 14;
/** Of the table that may be in use. */
const FULL = 0.6;

/** Which names there have been already: of many, 16 bytes of each one's SHA-256 in place of the name. */
export class SeenNames {
  readonly #names = new Set<string>();
  #digestOf: NameDigest | undefined;
  #table = new Uint32Array(0);
  #count = 0;

  /** @returns whether it is new */
  async add(name: string): Promise<boolean> {
    if (this.#digestOf) return this.#insert(wordsOf(this.#digestOf(name)));
    if (this.#names.has(name)) return false;
    this.#names.add(name);
    if (this.#names.size > MOST_NAMES) await this.#beginHashing();
    return true;
  }

  async #beginHashing(): Promise<void> {
    const digestOf = await openNameDigest();
    this.#table = new Uint32Array(WORDS * SMALLEST_TABLE);
    for (const name of this.#names) this.#insert(wordsOf(digestOf(name)));
    this.#digestOf = digestOf;
    this.#names.clear();
  }

  #insert(words: readonly number[]): boolean {
    if ((this.#count + 1) * WORDS > FULL * this.#table.length) this.#grow();
    const place = findPlace(this.#table, words);
    if (this.#table[place] !== 0) return false;
    this.#table.set(words, place);
    this.#count++;
    return true;
  }

  #grow(): void {
    const larger = new Uint32Array(2 * this.#table.length);
    for (let at = 0; at < this.#table.length; at += WORDS) {
      const words = this.#table.subarray(at, at + WORDS);
      if (words[0] !== 0) larger.set(words, findPlace(larger, words));
    }
    this.#table = larger;
  }
}

function wordsOf(digest: string): readonly number[] {
  const words: number[] = [];
  for (let at = 0; at < 4 * WORDS; at += 4) {
    const word =
      (digest.charCodeAt(at) << 24) |
      (digest.charCodeAt(at + 1) << 16) |
      (digest.charCodeAt(at + 2) << 8) |
      digest.charCodeAt(at + 3);
    words.push(word >>> 0);
  }
  // A first word of 0 is an empty place.
  if (words[0] === 0) words[0] = 1;
  return words;
}

/** Where a hash is in a table, or else an empty place for it. */
function findPlace(table: Uint32Array, words: ArrayLike<number>): number {
  const places = table.length / WORDS;
  for (let place = words[1]! % places; ; place = (place + 1) % places) {
    const at = place * WORDS;
    if (table[at] === 0) return at;
    let word = 0;
    while (word < WORDS && table[at + word] === words[word]) word++;
    if (word === WORDS) return at;
  }
}
