import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLabels } from '../../src/models/label-formats.js';
import { fitLabels, openLabelTable, readLabels } from '../../src/models/labels.js';
import { makeFolder } from '../weights/folder.js';
import { modelErrorOf } from '../weights/golden.js';

const parse = (text: string, path: string) => parseLabels(new TextEncoder().encode(text), path);

const withIds = [
  { id: 'n01440764', name: 'tench' },
  { id: 'n01443537', name: 'goldfish' },
];
const plain = [{ name: 'tench' }, { name: 'goldfish' }];

describe('labels', () => {
  it.each([
    ['l.tsv', '0\tn01440764\ttench\n1\tn01443537\tgoldfish\n', withIds],
    ['l.txt', 'tench\ngoldfish\n', plain],
    ['l.txt', 'tench\r\ngoldfish\r\n\r\n', plain],
    ['labels', 'tench\ngoldfish', plain],
    ['l.json', '{"0":["n01440764","tench"],"1":["n01443537","goldfish"]}', withIds],
    ['l.JSON', '{"1":"goldfish","0":"tench"}', plain],
    ['l.json', '["tench","goldfish"]', plain],
    ['l.json', '[["n01440764","tench"],["n01443537","goldfish"]]', withIds],
    ['l.csv', '0,tench\n1,goldfish\n', plain],
    ['l.csv', '\uFEFFindex,name\r\n1,goldfish\r\n0, tench\r\n', plain],
    ['l.csv', '0,tench, Tinca tinca\n', [{ name: 'tench, Tinca tinca' }]],
    ['l.CSV', '0,"tench, ""Tinca"""\n', [{ name: 'tench, "Tinca"' }]],
    ['l.csv', 'name,index\ngoldfish,1\ntench,0\n', plain],
    ['l.csv', 'class_id,synset,class_name\n1,n01443537,goldfish\n0,n01440764,tench\n', plain],
    ['l.csv', 'label\ntench\ngoldfish\n', plain],
    ['l.csv', 'tench\ngoldfish\n', plain],
    ['l.csv', 'goldfish,1\ntench,0\n', plain],
    ['l.csv', 'index;name\n0;tench\n1;goldfish\n', plain],
    ['l.csv', 'index,name\n0,"tench"\n1,"goldfish"\n', plain],
    ['l.txt', '0 tench\n1 goldfish\n', plain],
    ['l.txt', '1: goldfish\n0: tench\n', plain],
    ['l.txt', '0 tench, Tinca tinca', [{ name: 'tench, Tinca tinca' }]],
    ['l.txt', '2 doors\n4 doors\n', [{ name: '2 doors' }, { name: '4 doors' }]],
    ['l.txt', 'n01440764 tench\nn01443537 goldfish\n', withIds],
    ['l.json', '{"goldfish":1,"tench":0}', plain],
    ['l.json', '{"goldfish":"1","tench":"0"}', plain],
    ['l.json', '{"architecture":"x","pretrained_cfg":{"label_names":["tench","goldfish"]}}', plain],
    ['l.txt', 'tench\rgoldfish\r', plain],
    ['l.json', '{"1":0,"0":1}', [{ name: '1' }, { name: '0' }]],
    ['l.json', '{"labels":["tench","goldfish"],"imageSize":224}', plain],
    ['l.json', '{"model_type":"x","id2label":{"0":"tench","1":"goldfish"},"label2id":{"tench":0}}', plain],
    ['l.json', '{"class_indices":{"goldfish":1,"tench":0}}', plain],
    ['l.json', '{"labels":0,"other":1}', [{ name: 'labels' }, { name: 'other' }]],
  ])('are read from %s: %j', (path, text, expected) => {
    expect(parse(text, path)).toEqual(expected);
  });

  it.each([
    ['l.tsv', '0\tn01440764\n', /l\.tsv:1: /],
    ['l.tsv', '1\tn01440764\ttench\n', /expected index 0/],
    ['l.tsv', '0\tn01440764\ttench\tmore\n', /expected index 0/],
    ['l.tsv', '0\t\ttench\n', /no id/],
    ['l.txt', 'tench\n\ngoldfish\n', /l\.txt:2: no label/],
    ['l.txt', '', /no labels/],
    ['l.txt', 'x'.repeat(1001), /at most 1000/],
    ['l.csv', '0,tench\n2,goldfish\n', /index 1 is missing, expected all from 0 to 2/],
    ['l.csv', '0,tench\n0,goldfish\n', /l\.csv:2: index 0 appears twice/],
    ['l.csv', '0,tench\ngoldfish\n', /l\.csv:2: expected index,label/],
    ['l.csv', 'index,name\n', /no labels/],
    ['l.csv', 'name,index\ntench,0\ngoldfish,2\n', /index 1 is missing/],
    ['l.json', '{"tench":0,"goldfish":0}', /"goldfish": index 0 appears twice/],
    ['l.json', '{"tench":0,"goldfish":-1}', /index -1/],
    ['l.json', '{"tench":0,"goldfish":1e9}', /index 1000000000/],
    ['l.json', '{', /not JSON/],
    ['l.json', '3', /neither an array nor an object/],
    ['l.json', '{"0":"a","2":"b"}', /class 1: no label/],
    ['l.json', '{"0":"a","__proto__":"b"}', /class 1: no label/],
    ['l.json', '[["n01440764"]]', /an id and a label/],
    ['l.json', '[7]', /no label/],
  ])('are refused from %s: %j', (path, text, message) => {
    const error = modelErrorOf(() => parse(text, path));
    expect(error?.code).toBe('labels');
    expect(error?.message).toMatch(message);
  });

  it('are refused where they are not UTF-8', () => {
    expect(modelErrorOf(() => parseLabels(Uint8Array.of(0x61, 0xff), 'l.txt'))?.message).toMatch(/not UTF-8/);
  });

  it('must be as many as the classes', () => {
    const folder = makeFolder({ 'l.txt': 'a\nb\n' });
    expect(readLabels(join(folder, 'l.txt'), 2)).toHaveLength(2);
    expect(modelErrorOf(() => readLabels(join(folder, 'l.txt'), 3))?.message).toMatch(
      /l\.txt: 2 labels, expected 3, one for each class$/,
    );
  });

  it('are one or two for a network of one output', () => {
    expect(fitLabels([{ name: 'dog' }], 1, 'x')).toHaveLength(1);
    expect(fitLabels([{ name: 'cat' }, { name: 'dog' }], 1, 'x')).toHaveLength(2);
    const three = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    expect(modelErrorOf(() => fitLabels(three, 1, 'x'))?.message).toBe(
      'x: 3 labels, expected 1 or 2 for a network of one output',
    );
  });

  it('fit heads with and without background at index 0', () => {
    const thousand = Array.from({ length: 1000 }, (_, index) => ({ name: `class ${index}` }));
    const more = fitLabels(thousand, 1001, 'x');
    expect([more.length, more[0], more[1]]).toEqual([1001, { name: 'background' }, { name: 'class 0' }]);
    expect(fitLabels(more, 1000, 'x')).toEqual(thousand);
    const other = [{ name: 'other' }, ...thousand];
    expect(modelErrorOf(() => fitLabels(other, 1000, 'x'))?.code).toBe('labels');
    expect(modelErrorOf(() => fitLabels(thousand, 999, 'x'))?.code).toBe('labels');
  });
});

describe('a table of labels', () => {
  it.each(['\n', '', '\r\n'])('gives single labels as reading all does (ends with %j)', (end) => {
    const rows = Array.from({ length: 12 }, (_, index) => `${index}\tn${index}\tlabel ${index}`);
    const folder = makeFolder({ 'l.tsv': new TextEncoder().encode(rows.join(end || '\n') + end) });
    const path = join(folder, 'l.tsv');
    const all = readLabels(path, 12);
    const labelAt = openLabelTable(path, 12);
    expect(all.map((_, index) => labelAt(index))).toEqual(all);
    expect(modelErrorOf(() => labelAt(12))?.message).toMatch(/l\.tsv: no row of index 12/);
    for (const classes of [11, 13]) {
      expect(modelErrorOf(() => openLabelTable(path, classes))?.message).toMatch(/not \d+ labels/);
    }
  });

  it('refuses rows that are none', () => {
    const folder = makeFolder({ 'l.tsv': new TextEncoder().encode('0\tn0\tone\tmore\n1\tn1\n2\t\tthree\n') });
    const labelAt = openLabelTable(join(folder, 'l.tsv'), 3);
    for (const index of [0, 1, 2]) expect(modelErrorOf(() => labelAt(index))?.code).toBe('labels');
  });
});
