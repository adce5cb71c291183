/** The first few items, and all of them, those included. */
export async function lookAhead<T>(
  items: AsyncGenerator<T>,
  most: number,
): Promise<{ readonly first: readonly T[]; readonly all: AsyncGenerator<T> }> {
  const first: T[] = [];
  while (first.length < most) {
    const { done, value } = await items.next();
    if (done) break;
    first.push(value);
  }
  async function* all() {
    yield* first;
    yield* items;
  }
  return { first, all: all() };
}

/** Counts items while others are worked on; undefined until the end. An error shows where the items are read. */
export function countInBackground(items: AsyncIterable<unknown> | undefined): () => number | undefined {
  let total: number | undefined;
  const count = async (counted: AsyncIterable<unknown>) => {
    let sum = 0;
    for await (const _ of counted) sum++;
    total = sum;
  };
  if (items) count(items).catch(() => {});
  return () => total;
}
