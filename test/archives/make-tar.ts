/** A member of a tar for tests, and how it is to be wrong. */
export interface TarFile {
  readonly name: string | Buffer;
  readonly data?: Uint8Array;
  readonly type?: string;
  /** Where the header is to say another one. */
  readonly size?: number;
  readonly mtime?: number;
  readonly isDamaged?: boolean;
  /** `GNU`: without POSIX's mark. */
  readonly magic?: string;
}

const END = Buffer.alloc(1024);

/** A tar (ustar), with its end mark unless `end` is off. */
export function makeTar(files: readonly TarFile[], end = true): Buffer {
  return Buffer.concat([...files.flatMap(blocksOf), ...(end ? [END] : [])]);
}

/** A pax header of these records, for the member after it. */
export function pax(records: Readonly<Record<string, string | Buffer>>, type = 'x'): TarFile {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as string), Buffer.from('\n')]);
    let length = rest.length + 1;
    while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
    return Buffer.concat([Buffer.from(`${length}`), rest]);
  });
  return { name: 'PaxHeader', type, data: Buffer.concat(lines) };
}

/** GNU's header of a long name. */
export function longName(name: string | Buffer): TarFile {
  return { name: '././@LongLink', type: 'L', data: Buffer.concat([Buffer.from(name as string), Buffer.alloc(1)]) };
}

function blocksOf({ name, data = Buffer.alloc(0), type = '0', mtime = 1e9, ...file }: TarFile): Buffer[] {
  const { size = data.length, isDamaged = false, magic = 'ustar\x0000' } = file;
  const header = Buffer.alloc(512);
  Buffer.from(name as string).copy(header, 0, 0, 100);
  header.write('0000644\x000000000\x000000000\x00', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write(`${mtime.toString(8).padStart(11, '0')}\0`, 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(magic, 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${(sum + Number(isDamaged)).toString(8).padStart(6, '0')}\0 `, 148);
  return [header, Buffer.from(data), Buffer.alloc((512 - (data.length % 512)) % 512)];
}
