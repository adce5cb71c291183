/** Keeps the sum of what is held within a budget; first come, first served. */
export interface Gate {
  /** Comes back when so many bytes may be taken: at once, or when others have left; alone in any case. */
  enter(bytes: number): Promise<void>;
  leave(bytes: number): void;
}

export function createGate(budget: number): Gate {
  let held = 0;
  const waiting: { readonly bytes: number; readonly open: () => void }[] = [];
  const admit = (): void => {
    for (let next = waiting[0]; next && (held === 0 || held + next.bytes <= budget); next = waiting[0]) {
      waiting.shift();
      held += next.bytes;
      next.open();
    }
  };
  return {
    enter: (bytes) =>
      new Promise((open) => {
        waiting.push({ bytes, open });
        admit();
      }),
    leave(bytes) {
      held -= bytes;
      admit();
    },
  };
}
