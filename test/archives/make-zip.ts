import { crc32 } from '../../src/archives/crc32.js';

export interface Member {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says the unpacked size is. */
  readonly size?: number;
  readonly packed?: Uint8Array;
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const le = (width: number, value: number): number[] =>
  Array.from({ length: width }, (_, byte) => Math.floor(value / 256 ** byte) % 256);

/** An archive by APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16; with `shared` all entries name the first member. */
export function makeZip(members: readonly Member[], { comment = '', shared = false } = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const directory: number[] = [];
  for (const { name, data, method = 0, flags = 0, size = data.length, packed = data } of members) {
    const offset = shared ? 0 : length;
    const sizes = [...le(4, crc32(data)), ...le(4, packed.length), ...le(4, size)];
    const common = [
      ...le(2, 20),
      ...le(2, flags),
      ...le(2, method),
      ...le(4, 0),
      ...sizes,
      ...le(2, text(name).length),
    ];
    const header = Uint8Array.from([...le(4, 0x04034b50), ...common, ...le(2, 0), ...text(name)]);
    parts.push(header, packed);
    length += header.length + packed.length;
    directory.push(...le(4, 0x02014b50), ...le(2, 20), ...common, ...le(2, 0), ...le(2, 0), ...le(8, 0));
    directory.push(...le(4, offset), ...text(name));
  }
  const counts = [...le(2, 0), ...le(2, 0), ...le(2, members.length), ...le(2, members.length)];
  const end = [...le(4, 0x06054b50), ...counts, ...le(4, directory.length), ...le(4, length)];
  const whole = Buffer.concat([
    ...parts,
    Uint8Array.from([...directory, ...end, ...le(2, comment.length), ...text(comment)]),
  ]);
  return new Uint8Array(whole);
}
