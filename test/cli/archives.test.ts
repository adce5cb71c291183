import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTar, type TarFile } from '../archives/make-tar.js';
import { makeZip } from '../archives/make-zip.js';
import { mobilenet, program, root } from './run.js';

let folder: string;
const photo = readFileSync(join(root, 'test/photos/alps.jpg'));
const ALP = 970;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-archives-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

interface Row {
  readonly file: string;
  readonly key?: string;
  readonly fields?: unknown;
  readonly archive?: unknown;
  readonly predictions?: readonly { readonly index: number }[];
  readonly error?: { readonly code: string };
}

function rowsOf(text: string): Row[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Names below the folder with the top class, or the error's code. */
const outcomes = (text: string) =>
  rowsOf(text).map(({ file, predictions, error }) => [
    file.replace(`${folder}/`, ''),
    error?.code ?? predictions![0]!.index,
  ]);

const files: readonly TarFile[] = [
  { name: 'a.jpg', data: photo },
  { name: 'broken.jpg', data: Buffer.from('no image') },
  { name: 'notes.txt', data: Buffer.from('no image') },
  { name: 'nested.zip', data: makeZip([{ name: 'x.jpg', data: Buffer.from('x') }]) },
  { name: 'sub/b.jpg', data: photo },
];

describe('classify, of archives', () => {
  const tar = makeTar(files);
  it.each([
    ['tar', tar, []],
    ['tgz', gzipSync(tar), []],
    ['tar', tar, ['--timeout', '60', '--jobs', '2']],
    [
      'zip',
      makeZip([
        { name: 'a.jpg', data: photo },
        ...files.slice(1).map(({ name, data }) => ({ name: `${name}`, data: data! })),
      ]),
      [],
    ],
  ])('a %s gives the rows of a folder', (ending, bytes, options) => {
    const archive = write(`x.${ending}`, bytes);
    const { stdout, stderr, code } = mobilenet('classify', archive, '-f', 'jsonl', '-k', '1', ...options);
    expect(outcomes(stdout)).toEqual([
      [`x.${ending}/a.jpg`, ALP],
      [`x.${ending}/broken.jpg`, 'unsupported-format'],
      [`x.${ending}/sub/b.jpg`, ALP],
    ]);
    expect(stderr).toContain('2 classified, 1 failed');
    expect(stderr).toContain('2 other files skipped: 1 archive, 1 text');
    expect(code).toBe(1);
  });

  it('is resumed, and done again where an archive has changed', () => {
    const archive = write('resume.tar', makeTar([files[0]!, files[4]!]));
    const output = join(folder, 'rows.jsonl');
    const run = () => mobilenet('classify', archive, '-o', output, '--resume');
    expect(run().stderr).toContain('2 classified');
    const written = readFileSync(output, 'utf8');
    expect(rowsOf(written)[0]).toMatchObject({ size: photo.length, mtime: 1e12, archive: { file: archive } });
    writeFileSync(output, written.split('\n')[0]!.concat('\n'));
    expect(run().stderr).toContain('1 classified, 1 done before');
    expect(outcomes(readFileSync(output, 'utf8'))).toEqual(outcomes(written));
    expect(run().stderr).toContain('2 done before');
    utimesSync(archive, 5, 5);
    expect(run().stderr).toContain('2 classified');
  });

  it('has no hash of a large file of which only the first bytes were read', () => {
    const large = { name: 'film.jpg', data: Buffer.alloc(2 ** 20 + 1) };
    const { stdout } = mobilenet('classify', write('hash.tar', makeTar([files[0]!, large])), '-f', 'jsonl', '--hash');
    const [first, second] = rowsOf(stdout);
    expect(first).toHaveProperty('sha256');
    expect(second).toMatchObject({ size: 2 ** 20 + 1, error: { code: 'unsupported-format' } });
    expect(second).not.toHaveProperty('sha256');
  });

  it('names shards by a range, and gives keys and fields of samples', () => {
    const sample = (key: string): TarFile[] => [
      { name: `${key}.jpg`, data: photo },
      { name: `${key}.json`, data: Buffer.from(`{"caption":"photo ${key}"}`) },
    ];
    write('shard-00.tar', makeTar(sample('1')));
    write('shard-01.tar', makeTar(sample('2')));
    const shards = join(folder, 'shard-{00..02}.tar');
    const { stdout, code } = mobilenet('classify', shards, '-f', 'jsonl', '--with-fields', 'caption,url');
    expect(rowsOf(stdout)).toMatchObject([
      { key: '1', fields: { caption: 'photo 1', url: null } },
      { key: '2', fields: { caption: 'photo 2', url: null } },
      { file: join(folder, 'shard-02.tar'), error: { code: 'not-found' } },
    ]);
    expect(code).toBe(1);
    expect(mobilenet('classify', shards, '--with-fields', 'caption').code).toBe(2);
    const note = 'mobilenet: --with-fields: none of the images is in an archive, so rows have no fields';
    const plain = mobilenet('classify', join(root, 'test/photos/alps.jpg'), '-f', 'jsonl', '--with-fields', 'caption');
    expect(plain.stderr).toContain(note);
    expect(mobilenet('classify', shards, '-f', 'jsonl', '--with-fields', 'caption').stderr).not.toContain(note);
  });

  it('exits with 3 where an archive has nothing', () => {
    const { stderr, code } = mobilenet(
      'classify',
      write('cut.zip', makeZip([{ name: 'a.jpg', data: photo }]).subarray(0, -9)),
    );
    expect(stderr).toMatch(
      /cut\.zip: the zip archive is cut off: .*; download or copy it again, or rebuild it with "zip -FF FILE\.zip --out NEW\.zip"\n/,
    );
    expect(code).toBe(3);
    expect(mobilenet('classify', write('empty.tar', makeTar([]))).code).toBe(3);
  });
});

describe('an archive on stdin', () => {
  it.each([
    ['a tar archive', makeTar(files)],
    ['a tar archive', Buffer.concat([makeTar(files), Buffer.alloc(2 ** 28)])],
    ['a gzip file', gzipSync(makeTar(files))],
    ['a zip archive', makeZip([{ name: 'a.jpg', data: photo }])],
    ['a Parquet file', Buffer.from('PAR1')],
  ])('is refused in one sentence: %s', (what, input) => {
    const { stderr, status } = spawnSync(process.execPath, [program, 'classify', '-'], { input, encoding: 'utf8' });
    expect(stderr).toBe(
      `mobilenet: -: ${what} on stdin, expected one image; archives are not read from stdin: save it to a file and name that file\n`,
    );
    expect(status).toBe(3);
  });
});

describe('other commands, of archives', () => {
  it('evaluate takes the class of a .cls, embed and duplicates the images', () => {
    const archive = write(
      'truth.tar',
      makeTar([
        ...['n09193705', 'n02123045'].flatMap((id, at) => [
          { name: `${at}.cls`, data: Buffer.from(id) },
          { name: `${at}.jpg`, data: photo },
        ]),
      ]),
    );
    const { stdout } = mobilenet('evaluate', archive, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ n: 2, top1: { value: 0.5 } });
    expect(mobilenet('embed', archive, '-o', join(folder, 'x.npy')).stderr).toContain('2 embedded');
    expect(mobilenet('duplicates', archive).stdout).toContain('truth.tar/1.jpg');
  });

  it('learn takes the folders in an archive for classes; a table of classes needs files', () => {
    const classes = ['one', 'two'].flatMap((name) =>
      Array.from({ length: 4 }, (_, at) => ({ name: `${name}/${at}.jpg`, data: photo })),
    );
    const archive = write('classes.tar', makeTar(classes));
    const { stderr } = mobilenet('learn', archive, '--as', 'archived');
    // The same photo everywhere: both classes were found, and nothing is left.
    expect(stderr).toContain('without the images that are in two classes');
    const table = write('table.csv', Buffer.from('file,label\na.jpg,alp\n'));
    const evaluated = mobilenet('evaluate', archive, '--truth', table);
    expect(evaluated.stderr).toContain('classes.tar: is an archive, expected a folder');
    expect(evaluated.code).toBe(2);
  });
});

describe('results as Parquet', () => {
  const read = async (file: string) => {
    const { parquetReadObjects, parquetMetadataAsync } = await import('hyparquet');
    const bytes = new Uint8Array(readFileSync(file)).buffer;
    return {
      rows: (await parquetReadObjects({ file: bytes })) as Record<string, unknown>[],
      facts: (await parquetMetadataAsync(bytes)).key_value_metadata,
    };
  };
  const json = Buffer.from('{"caption":"Alps","tags":[1,2]}');
  const sample = [files[0]!, { name: 'a.json', data: json }, files[1]!];

  it('have a row for each image, with the best class, lists, errors and fields', async () => {
    const archive = write('parquet.tar', makeTar(sample));
    const output = join(folder, 'rows.parquet');
    const args = ['classify', archive, '-o', output, '--with-fields', 'caption,tags', '-k', '2'];
    expect(mobilenet(...args).code).toBe(1);
    const { rows, facts } = await read(output);
    const [first, second] = rows;
    expect(rows).toHaveLength(2);
    expect(first).toMatchObject({ file: `${archive}/a.jpg`, key: 'a', label: 'alp', index: ALP, error: null });
    expect(first).toMatchObject({ id: 'n09193705', ranks: [1, 2], fields: { caption: 'Alps', tags: [1, 2] } });
    expect(first!.probabilities).toEqual([first!.probability, expect.any(Number)]);
    expect((first!.labels as string[])[0]).toBe('alp');
    expect(second).toMatchObject({
      file: `${archive}/broken.jpg`,
      label: null,
      error: 'unsupported-format',
    });
    expect(second!.labels ?? null).toBeNull();
    expect(JSON.parse(facts![0]!.value!)).toMatchObject({ network: 'mobilenet_v2' });
    expect(mobilenet('classify', output).stderr).toContain(
      'rows.parquet: has results of mobilenet classify, expected a column',
    );
    const rest = ['--overwrite', '--quiet'];
    const jsonl = join(folder, 'same.jsonl');
    mobilenet('classify', archive, '-o', jsonl, '-k', '2', '--with-fields', 'caption,tags', ...rest);
    mobilenet('merge', jsonl, '-o', output, '--overwrite');
    expect((await read(output)).rows).toEqual(rows);
  });

  it('are replaced whole, and cannot be resumed or written to stdout', () => {
    const output = write('old.parquet', Buffer.from('old'));
    const archive = write('none.tar', makeTar(sample));
    expect(mobilenet('classify', archive, '-o', output).code).toBe(2);
    expect(readFileSync(output, 'utf8')).toBe('old');
    const resumed = mobilenet('classify', archive, '-o', output, '--resume');
    expect(resumed.code).toBe(2);
    expect(resumed.stderr).toContain('--resume: needs --output FILE with --format jsonl');
    expect(mobilenet('classify', archive, '-f', 'parquet').stderr).toContain('--format parquet: needs --output FILE');
    expect(mobilenet('classify', archive, '-o', output, '--overwrite').code).toBe(1);
    expect(readFileSync(output, 'latin1')).toMatch(/^PAR1.*PAR1$/s);
  });
});
