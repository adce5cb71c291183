import { fstatSync, type Stats, writeSync } from 'node:fs';

/** Whether stdout is written to by system calls. */
let direct: boolean | undefined;

/** Major number of the devices null, zero and full on Linux. */
const MEMORY_DEVICES = 1;

function isDirect(): boolean {
  direct ??= takesCalls(1);
  return direct;
}

/**
 * Whether it is a file, a pipe, or a device like /dev/null. Node's streams write to these at once, too, but take 2 ms of each
 * start to load. Terminals, sockets and Windows are left to them.
 */
export function takesCalls(descriptor: 1 | 2): boolean {
  if (process.platform === 'win32') return false;
  try {
    const stats = fstatSync(descriptor);
    return stats.isFile() || stats.isFIFO() || isMemoryDevice(stats);
  } catch {
    return false;
  }
}

function isMemoryDevice(stats: Stats): boolean {
  return process.platform === 'linux' && stats.isCharacterDevice() && stats.rdev >> 8 === MEMORY_DEVICES;
}

/** Writes to stdout. @returns whether more may be written; if not, `process.stdout` drains, is closed or has an error */
export function print(chunk: string | Uint8Array): boolean {
  if (!isDirect()) return process.stdout.write(chunk);
  let rest = Buffer.from(chunk);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
    return true;
  } catch {
    // A non-blocking pipe is full, or there is an error, which the stream meets as well and reports.
    direct = false;
    return process.stdout.write(rest);
  }
}

/** Nobody reads any more. */
export function isStdoutClosed(): boolean {
  return !isDirect() && process.stdout.destroyed;
}

export function isStdoutTerminal(): boolean {
  return !isDirect() && process.stdout.isTTY;
}

/**
 * Sets up a stream of the process when it is first used, which opens it.
 * @param setUp given the stream
 */
export function whenUsed(name: 'stdout' | 'stderr', setUp: (stream: NodeJS.WriteStream) => void): void {
  const property = Object.getOwnPropertyDescriptor(process, name);
  if (!property?.get || !property.configurable) {
    setUp(process[name]);
    return;
  }
  Object.defineProperty(process, name, {
    ...property,
    get() {
      Object.defineProperty(process, name, property);
      const stream = process[name];
      setUp(stream);
      return stream;
    },
  });
}
