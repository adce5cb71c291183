/** Sets of rows that pairs connect. */
export class Groups {
  readonly #parents: Int32Array;

  constructor(rows: number) {
    this.#parents = Int32Array.from({ length: rows }, (_, row) => row);
  }

  join(a: number, b: number): void {
    const [first, second] = [this.of(a), this.of(b)];
    this.#parents[Math.max(first, second)] = Math.min(first, second);
  }

  /** The first row of the set that a row belongs to. */
  of(row: number): number {
    let root = row;
    while (this.#parents[root] !== root) root = this.#parents[root]!;
    this.#parents[row] = root;
    return root;
  }
}
