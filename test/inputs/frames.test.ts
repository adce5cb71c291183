import { describe, expect, it } from 'vitest';
import { readFrames } from '../../src/inputs/frames.js';
import type { Input } from '../../src/inputs/types.js';

const length = (bytes: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(bytes);
  return buffer;
};
const frame = (key: Uint8Array, body: Uint8Array) =>
  Buffer.concat([length(key.length), key, length(body.length), body]);
const text = (value: string) => Buffer.from(value);

async function read(stream: Uint8Array, chunk: number): Promise<Input[]> {
  async function* chunks() {
    for (let at = 0; at < stream.length; at += chunk) yield stream.subarray(at, at + chunk);
  }
  const found: Input[] = [];
  for await (const input of readFrames(chunks())) found.push(input);
  return found;
}

describe('frames', () => {
  const bodies = [text('one'), Buffer.alloc(0), Buffer.alloc(100_000, 7)];
  const stream = Buffer.concat(bodies.map((body, index) => frame(text(`k${index}`), body)));

  it.each([1, 3, 64, 65_536, 1_000_000])('are read whole from chunks of %i bytes', async (chunk) => {
    const inputs = await read(stream, chunk);
    expect(inputs.map(({ file }) => file)).toEqual(['k0', 'k1', 'k2']);
    expect(inputs.map(({ bytes }) => Buffer.from(bytes!))).toEqual(bodies);
  });

  it('may have the same key, none, or one that is not UTF-8', async () => {
    const inputs = await read(
      Buffer.concat([
        ...['a', 'a', ''].map((key) => frame(text(key), text('x'))),
        frame(Buffer.from([0xff, 0x41]), text('x')),
      ]),
      5,
    );
    expect(inputs.map(({ file }) => file)).toEqual(['a', 'a', '', '\ufffdA']);
    expect(inputs[3]!.path).toEqual(Buffer.from([0xff, 0x41]));
  });

  it('are none in an empty stream', async () => {
    expect(await read(Buffer.alloc(0), 1)).toEqual([]);
  });

  it.each([1, 4, 5, 8, 9, 12])('that end after %i bytes end in an error', async (bytes) => {
    const inputs = await read(
      Buffer.concat([frame(text('whole'), text('x')), frame(text('k'), text('body')).subarray(0, bytes)]),
      3,
    );
    expect(inputs).toHaveLength(2);
    const message = 'stdin, frame 2: the stream ends within the frame';
    expect(inputs[1]).toEqual({
      ...{ file: bytes < 5 ? 'frame 2' : 'k', path: bytes < 5 ? 'frame 2' : 'k' },
      error: { code: 'corrupt', message },
    });
  });

  it('of too many bytes are passed over, and the next one is read', async () => {
    const most = 2 ** 28;
    async function* chunks() {
      yield Buffer.concat([length(5), text('large'), length(most + 2)]);
      const chunk = Buffer.alloc(2 ** 20);
      for (let left = most; left > 0; left -= chunk.length) yield chunk;
      yield Buffer.concat([Buffer.alloc(2), frame(text('next'), text('x'))]);
    }
    const found: Input[] = [];
    for await (const input of readFrames(chunks())) found.push(input);
    expect(found.map(({ file, error, bytes }) => [file, error?.code, bytes?.length])).toEqual([
      ['large', 'too-large', undefined],
      ['next', undefined, 1],
    ]);
  });

  it('are refused where the first length is none', async () => {
    await expect(read(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2]), 6)).rejects.toThrow(
      'stdin, frame 1: a key of 4292411360 bytes, expected at most 65536',
    );
  });

  it('end where a later key has no sensible length', async () => {
    const inputs = await read(Buffer.concat([frame(text('a'), text('x')), Buffer.alloc(8, 0xff)]), 100);
    expect(inputs.map(({ file, error }) => [file, error?.code])).toEqual([
      ['a', undefined],
      ['frame 2', 'corrupt'],
    ]);
  });
});
