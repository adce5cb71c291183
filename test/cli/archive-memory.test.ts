import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTar } from '../archives/make-tar.js';
import { makeZip } from '../archives/make-zip.js';
import { program, root } from './run.js';

const MIB = 2 ** 20;
/** What decompressing in pieces of a MiB leaves to be collected, however long the file is; the members below would be 230 and 300. */
const MOST_GROWTH_MIB = 160;

const photo = { name: 'a.jpg', data: readFileSync(join(root, 'test/photos/alps.jpg')) };
const film = Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isomiso2', 'latin1');
const jpeg = photo.data.subarray(0, 600);

/** Zeros follow the bytes. */
interface LongFile {
  readonly name: string;
  readonly data: Buffer;
  readonly size: number;
}

/** The second and third are longer than any image may be. */
const long: readonly LongFile[] = [
  { name: 'film.mp4', data: film, size: 230 * MIB },
  { name: 'long-film', data: film, size: 300 * MIB },
  { name: 'huge.jpg', data: jpeg, size: 300 * MIB },
];

let folder: string;
let plain: number;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-memory-'));
  writeFileSync(join(folder, 'plain.tar'), makeTar([photo, photo]));
  plain = classify('plain.tar').mib;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Rows, and the most memory that any process of the command had, in MiB. */
function classify(archive: string): {
  readonly rows: readonly string[];
  readonly stderr: string;
  readonly mib: number;
} {
  const peaks = mkdtempSync(join(folder, 'peaks-'));
  const hook = join(folder, 'hook.mjs');
  const note = `writeFileSync(${JSON.stringify(peaks)} + '/' + process.pid, '' + process.resourceUsage().maxRSS)`;
  writeFileSync(hook, `import { writeFileSync } from 'node:fs';\nprocess.on('exit', () => ${note});\n`);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [program, 'classify', archive, '--format', 'csv', '--top', '1', '--jobs', '2'],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: `--import=${pathToFileURL(hook).href}` } },
  );
  const mib = Math.max(...readdirSync(peaks).map((name) => Number(readFileSync(join(peaks, name), 'utf8')) / 1024));
  return { rows: stdout.trimEnd().split('\n').slice(1), stderr, mib };
}

/** Without the zeros on the disk. */
function writeTar(name: string, files: readonly LongFile[]): void {
  const file = openSync(join(folder, name), 'w');
  let at = writeSync(file, makeTar([photo], false));
  for (const { name: member, data, size } of files) {
    writeSync(file, makeTar([{ name: member, data, size }], false), 0, undefined, at);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  writeSync(file, makeTar([{ ...photo, name: 'b.jpg' }]), 0, undefined, at);
  closeSync(file);
}

it.each([
  ['tar', () => writeTar('x.tar', long), long],
  [
    'tar.gz',
    () => {
      writeTar('gz.tar', long.slice(0, 1));
      writeFileSync(join(folder, 'x.tar.gz'), gzipSync(readFileSync(join(folder, 'gz.tar'))));
    },
    long.slice(0, 1),
  ],
  ['tar.zst', () => writeFileSync(join(folder, 'x.tar.zst'), makeZstd(long[0]!)), long.slice(0, 1)],
  ['zip', () => writeFileSync(join(folder, 'x.zip'), makeLongZip()), long],
])('a large file in a %s takes no memory, whether it is skipped or refused', (kind, write, members) => {
  write();
  const { rows, stderr, mib } = classify(`x.${kind}`);
  const isRefused = members.length > 1;
  expect(rows.map((row) => row.split(',')[0])).toEqual(
    ['a.jpg', ...(isRefused ? ['huge.jpg'] : []), 'b.jpg'].map((name) => `x.${kind}/${name}`),
  );
  if (isRefused) expect(stderr).toContain('huge.jpg: 314572800 bytes are too many');
  expect(stderr).toContain(`${isRefused ? '2 other files' : '1 other file'} skipped`);
  expect(mib - plain).toBeLessThan(MOST_GROWTH_MIB);
});

function makeLongZip(): Uint8Array {
  const members = long.map(({ data, ...file }) => {
    const whole = Buffer.alloc(file.size);
    data.copy(whole);
    return { ...file, data, packed: deflateRawSync(whole), method: 8 };
  });
  return makeZip([photo, ...members, { ...photo, name: 'b.jpg' }]);
}

/** A tar in zstd (RFC 8878): blocks as they are, and blocks of one byte that is repeated. */
function makeZstd({ name, data, size }: LongFile): Buffer {
  const BLOCK = 2 ** 17;
  const block = (type: 0 | 1, bytes: Uint8Array, length: number, isLast = 0) =>
    Buffer.concat([
      Buffer.from([0, 8, 16].map((shift) => ((isLast | (type << 1) | (length << 3)) >> shift) & 0xff)),
      bytes,
    ]);
  const raw = (bytes: Buffer) =>
    Array.from({ length: Math.ceil(bytes.length / BLOCK) }, (_, at) => {
      const part = bytes.subarray(at * BLOCK, (at + 1) * BLOCK);
      return block(0, part, part.length);
    });
  const start = makeTar([photo, { name, data, size }], false);
  const zeros = size - 512;
  return Buffer.concat([
    // The window: 128 KiB.
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]),
    ...raw(start),
    ...Array.from({ length: zeros / BLOCK }, () => block(1, Buffer.alloc(1), BLOCK)),
    ...(zeros % BLOCK === 0 ? [] : [block(1, Buffer.alloc(1), zeros % BLOCK)]),
    ...raw(makeTar([{ ...photo, name: 'b.jpg' }])),
    block(0, Buffer.alloc(0), 0, 1),
  ]);
}
