/** Bytes of typed arrays and buffers that are made; views of others count nothing. */
let allocated = 0;
let isCounting = false;

const NAMES = [
  'Float32Array',
  'Float64Array',
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Uint32Array',
  'Int32Array',
] as const;

function count(bytes: number): void {
  if (isCounting) allocated += bytes;
}

/** Counts from now on, in this process. */
export function watchAllocations(): void {
  const scope = globalThis as unknown as Record<string, unknown>;
  for (const name of NAMES) {
    const original = globalThis[name] as unknown as {
      new (...args: unknown[]): ArrayBufferView;
      prototype: { constructor: unknown };
    };
    scope[name] = new Proxy(original, {
      construct(target, args: unknown[], newTarget) {
        const made = Reflect.construct(target, args, newTarget) as ArrayBufferView;
        if (!(args[0] instanceof ArrayBuffer || args[0] instanceof SharedArrayBuffer)) count(made.byteLength);
        return made;
      },
    });
    // Libraries tell arrays by this.
    original.prototype.constructor = scope[name];
  }
  for (const name of ['alloc', 'allocUnsafe', 'concat'] as const) {
    const original = Buffer[name] as (...args: unknown[]) => Buffer;
    (Buffer as unknown as Record<string, unknown>)[name] = (...args: unknown[]) => {
      const made = original.apply(Buffer, args);
      count(made.length);
      return made;
    };
  }
}

/** All that is made while `use` runs, whether or not it is freed again: no less than what is held at once. */
export async function allocatedDuring<T>(use: () => T | Promise<T>): Promise<{ value: T; allocated: number }> {
  allocated = 0;
  isCounting = true;
  try {
    return { value: await use(), allocated };
  } finally {
    isCounting = false;
  }
}
