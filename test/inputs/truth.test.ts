import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listClassFolders } from '../../src/inputs/class-folders.js';
import { findInputs, type InputOptions } from '../../src/inputs/find.js';
import { classOfName } from '../../src/inputs/truth.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-truth-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(...files: string[]): void {
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
}

async function find(
  names: readonly string[],
  options: InputOptions,
): Promise<readonly (readonly [string, string | undefined])[]> {
  const found: [string, string | undefined][] = [];
  for await (const { file, truth } of findInputs(names, options)) found.push([file.replace(`${folder}/`, ''), truth]);
  return found;
}

describe('class folders', () => {
  it('give their names at any depth, and files beside them have none', async () => {
    put('dog/1.jpg', 'dog/more/deep/2.jpg', 'cat/1.jpg', '.hidden/1.jpg', 'cat/.hidden.jpg', 'README');
    expect(await find([folder], { truth: 'folder' })).toEqual([
      ['cat/1.jpg', 'cat'],
      ['dog/1.jpg', 'dog'],
      ['dog/more/deep/2.jpg', 'dog'],
      ['README', undefined],
    ]);
  });

  it('keep to the filters of inputs', async () => {
    put('dog/1.jpg', 'dog/2.png', 'dog/more/3.jpg', 'cat/1.jpg', 'bad/1.jpg');
    const options: InputOptions = { truth: 'folder', include: ['*.jpg'], exclude: ['bad/', 'dog/more/'] };
    expect(await find([folder], options)).toEqual([
      ['cat/1.jpg', 'cat'],
      ['dog/1.jpg', 'dog'],
    ]);
    expect(await find([folder], { truth: 'folder', recursive: false, include: ['dog/**'] })).toEqual([
      ['dog/1.jpg', 'dog'],
      ['dog/2.png', 'dog'],
    ]);
  });

  it('may be links to folders, and links in them are not followed', async () => {
    put('elsewhere/1.jpg');
    mkdirSync(join(folder, 'val'));
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'val/dog'));
    symlinkSync(folder, join(folder, 'elsewhere/circle'));
    expect(await find([join(folder, 'val')], { truth: 'folder' })).toEqual([['val/dog/1.jpg', 'dog']]);
  });

  it.skipIf(process.platform !== 'linux')('whose names are not UTF-8 stay different from each other', async () => {
    for (const byte of [0xe4, 0xf6]) {
      const name = Buffer.concat([Buffer.from(`${folder}/r`), Buffer.of(byte)]);
      mkdirSync(name);
      writeFileSync(Buffer.concat([name, Buffer.from('/1.jpg')]), '');
    }
    const truths = (await find([folder], { truth: 'folder' })).map(([, truth]) => truth);
    expect(truths).toEqual(['rä', 'rö']);
  });

  it('of one name in composed and in decomposed characters are one class', async () => {
    put('caf\u00e9/1.jpg', 'cafe\u0301/2.jpg');
    const truths = (await find([folder], { truth: 'folder' })).map(([, truth]) => truth);
    expect(truths).toEqual(['caf\u00e9', 'caf\u00e9']);
  });

  it('are listed with the empty ones', async () => {
    put('dog/1.jpg', '.git/x', 'file.jpg');
    mkdirSync(join(folder, 'empty'));
    const found = await listClassFolders({ file: folder, path: folder });
    expect(found.map(({ name }) => name)).toEqual(['dog', 'empty']);
  });

  it('that are not there are an input that leads nowhere', async () => {
    const inputs = [];
    for await (const input of findInputs([join(folder, 'none')], { truth: 'folder' })) inputs.push(input);
    expect(inputs).toMatchObject([{ lost: 'root' }]);
  });
});

describe('a table of files and classes', () => {
  const table = (text: string | Buffer, name = 't.csv') => {
    writeFileSync(join(folder, name), text);
    return { truth: { table: join(folder, name) } } satisfies InputOptions;
  };

  it.each<[string, string]>([
    ['without a heading', 'a.jpg,cat\nb.jpg,dog\n'],
    ['with a heading', 'file,label\na.jpg,cat\nb.jpg,dog\n'],
    ['with other columns', 'width,class,image_path\n3,cat,a.jpg\n4,dog,b.jpg\n'],
    ['with semicolons', 'filename;truth\r\na.jpg;cat\r\nb.jpg;dog\r\n'],
    ['with tabs', 'a.jpg\tcat\nb.jpg\tdog'],
    ['with one space', 'a.jpg cat\nb.jpg dog\n'],
    ['with a byte order mark and empty lines', '\ufefffile,label\n\na.jpg,cat\n\nb.jpg,dog\n\n'],
    ['with quotes', '"a.jpg","cat"\n"b.jpg",dog\n'],
    ['with a file named twice for the same class', 'a.jpg,cat\nb.jpg,dog\n./a.jpg,cat\n'],
  ])('%s', async (_, text) => {
    put('a.jpg', 'b.jpg');
    expect(await find([], table(text))).toEqual([
      ['a.jpg', 'cat'],
      ['b.jpg', 'dog'],
    ]);
  });

  it('takes commas, quotes and line ends in quotes', async () => {
    const odd = 'a "b",\nc.jpg';
    put(odd);
    expect(await find([], table(`"${odd.replaceAll('"', '""')}","tench, Tinca tinca"\n`))).toEqual([
      [odd, 'tench, Tinca tinca'],
    ]);
  });

  it.skipIf(process.platform !== 'linux')('takes names that are not UTF-8', async () => {
    const file = Buffer.from('\xe4.jpg', 'latin1');
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), file]), '');
    const inputs = [];
    for await (const input of findInputs([], table(Buffer.concat([file, Buffer.from(',cat\n')])))) inputs.push(input);
    expect(inputs).toMatchObject([{ path: Buffer.concat([Buffer.from(`${folder}/`), file]), truth: 'cat' }]);
  });

  it('takes files in the folders of the arguments before its own, and those that are nowhere', async () => {
    put('val/a.jpg', 'a.jpg', 'b.jpg');
    expect(await find([join(folder, 'val')], table('a.jpg,cat\nb.jpg,dog\nc.jpg,cow\n'))).toEqual([
      ['val/a.jpg', 'cat'],
      ['b.jpg', 'dog'],
      ['val/c.jpg', 'cow'],
    ]);
  });

  it.each<[string, string, string]>([
    [
      'two classes for one file',
      'a.jpg,cat\n./a.jpg,dog\n',
      't.csv, row 2: "FOLDER/./a.jpg" is "dog" here and "cat" in FOLDER/t.csv, row 1, expected one class for each file',
    ],
    [
      'a comma outside of quotes',
      'a.jpg,tench, Tinca\n',
      't.csv, row 1: 3 cells, expected two, file and class, or a heading that names them; a cell that has commas in it stands in quotes',
    ],
    ['a row with too few cells', 'file,label\na.jpg\n', 't.csv, row 2: 1 cell, expected 2, as in the heading'],
    ['no class', 'a.jpg,\n', 't.csv, row 1: no class'],
    ['no file', ',cat\n', 't.csv, row 1: no file'],
    ['an open quote', '"a.jpg,cat\nb.jpg,dog\n', 't.csv, row 1: a quote that does not end where its cell ends'],
    ['nothing but a heading', 'file,label\n', 't.csv: no rows, expected CSV with file,class'],
    ['bytes that are no text', 'PK\0\0', 't.csv: not a table, expected CSV with file,class'],
  ])('is refused with %s', async (_, text, message) => {
    put('a.jpg');
    const expected = `${folder}/${message.replaceAll('FOLDER', folder)}`;
    await expect(find([], table(text))).rejects.toMatchObject({ exitCode: 2, message: expected });
  });

  it('is refused where it is not there', async () => {
    const truth = { table: join(folder, 'none.csv') };
    await expect(find([], { truth })).rejects.toMatchObject({
      exitCode: 2,
      message: `${folder}/none.csv: no such file`,
    });
  });
});

describe('the name of a picture', () => {
  it.each([
    ['a/n01440764_tench.JPEG', 'n01440764'],
    ['golden_retriever_012.jpg', 'golden_retriever'],
    ['golden retriever (3).jpg', 'golden retriever'],
    ['tench.jpg', 'tench'],
    ['x/0012.jpg', ''],
  ])('%s: %s', (file, expected) => expect(classOfName(file)).toBe(expected));
});
