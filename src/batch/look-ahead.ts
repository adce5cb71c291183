/**
 * The first few items, and all of them, those included.
 * @param isLast whether nobody is to look beyond an item
 */
export async function lookAhead<T>(
  items: AsyncGenerator<T>,
  most: number,
  isLast: (item: T) => boolean = () => false,
): Promise<{ readonly first: readonly T[]; readonly all: AsyncGenerator<T> }> {
  const first: T[] = [];
  while (first.length < most) {
    const { done, value } = await items.next();
    if (done) break;
    first.push(value);
    if (isLast(value)) break;
  }
  async function* all() {
    yield* first;
    yield* items;
  }
  return { first, all: all() };
}

/**
 * Counts items while others are worked on; undefined until the end. An error shows where the items are read.
 * @param isTooMuch whether an item shows that counting would be as much work as the rest
 */
export function countInBackground<T>(
  items: AsyncIterable<T> | undefined,
  isTooMuch: (item: T) => boolean = () => false,
): () => number | undefined {
  let total: number | undefined;
  const count = async (counted: AsyncIterable<T>) => {
    let sum = 0;
    for await (const item of counted) {
      if (isTooMuch(item)) return;
      sum++;
    }
    total = sum;
  };
  if (items) count(items).catch(() => {});
  return () => total;
}
