/**
 * Everything that `roots` depend on, and they themselves, each after what it reads; without recursion, so that no depth
 * overflows the stack.
 * @param refuse what to throw for an item that depends on itself
 */
export function sortByDependencies<T>(
  roots: Iterable<T>,
  readBy: (item: T) => Iterable<T>,
  refuse: (item: T) => Error,
): T[] {
  const sorted: T[] = [];
  const state = new Map<T, 'open' | 'done'>();
  const stack = [...roots].reverse();
  for (let item = stack.at(-1); item !== undefined; item = stack.at(-1)) {
    if (state.get(item) === undefined) {
      state.set(item, 'open');
      for (const next of readBy(item)) {
        if (state.get(next) === 'open') throw refuse(next);
        if (state.get(next) === undefined) stack.push(next);
      }
    } else {
      stack.pop();
      if (state.get(item) === 'open') sorted.push(item);
      state.set(item, 'done');
    }
  }
  return sorted;
}
