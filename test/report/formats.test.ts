import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { ImageRecord, ModelFacts } from '../../src/domain/classification.js';
import { createFormat, type FormatName, refuseLines } from '../../src/report/formats.js';

const model: ModelFacts = {
  network: 'n',
  alpha: 1,
  resolution: 224,
  trainedResolution: 224,
  dtype: 'f32',
  weights: 'w',
};
const cost = { macs: 1, flops: 2, params: 3 };
const prediction = { index: 5, id: 'n1', label: '=label, "b"', probability: 0.5 };
const record = (file: string): ImageRecord => ({ file, predictions: [prediction], ms: { decode: 1, run: 2 } });
const failed: ImageRecord = { file: 'x', error: { code: 'corrupt', message: 'x: damaged' } };

function write(
  name: Exclude<FormatName, 'parquet'>,
  file: string,
  options: { template?: string; nul?: boolean; isTerminal?: boolean } = {},
) {
  const format = createFormat(name, { model, cost, ...options });
  const entry = format.entry({ record: record(file), ranks: [2], name: Buffer.from(file) });
  return Buffer.from(entry).toString();
}

const steering = '\x1b]0;owned\x07\x1b[2J';
const nasty = [
  '=cmd|1!A1',
  '+1',
  '-1',
  '@SUM(1)',
  '\t=1',
  '"],"a":["',
  steering,
  'a\nb',
  'a\r\nb',
  "'; rm -rf $(x) `y`",
];

describe('formats', () => {
  it.each(nasty)('%j is inert in text, CSV, TSV and templates', (file) => {
    const template = '{file} {label}';
    for (const text of [write('text', file), write('tsv', file), write('print', file, { template })]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
      expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
    }
    expect(write('tsv', file).trimEnd().split('\n')).toHaveLength(1);
    expect(write('tsv', file).split('\t')).toHaveLength(8);
    expect(write('print', file, { template }).trimEnd().split('\n')).toHaveLength(1);
    expect(write('tsv', file)).not.toMatch(/(^|\t)[=+\-@]/);
    expect(write('csv', file)).not.toMatch(/(^|,)"?[=+\-@\t]/);
    expect(write('csv', file)).not.toContain('\x1b');
    expect(JSON.parse(write('jsonl', file)).file).toBe(file);
    expect(write('jsonl', file).trimEnd()).not.toContain('\n');
    expect(write('jsonl', file)).not.toContain('\x1b');
  });

  it('JSON has escapes for what steers a terminal without being a control character of ASCII', () => {
    const file = '\u009b2J\u007f\u202egpj.exe é 漢 \u2028';
    for (const format of ['jsonl', 'json'] as const) {
      expect(write(format, file)).toContain('\\u009b2J\\u007f\\u202egpj.exe é 漢 \\u2028');
    }
    expect(JSON.parse(write('jsonl', file)).file).toBe(file);
  });

  it('TSV can be undone: a backslash is two, a control character one escape', () => {
    expect(write('tsv', 'a\\x1b\x1b\t\u009b').split('\t')[0]).toBe('a\\\\x1b\\x1b\\t\\x9b');
    expect(write('csv', 'a\tb\x1b')).toMatch(/^"a\tb\\x1b",/);
  });

  it.skipIf(spawnSync('python3', ['--version']).status !== 0)(
    'CSV is read by another program (python3) as it was meant',
    () => {
      const script = 'import csv,sys,json; print(json.dumps(list(csv.reader(sys.stdin, strict=True))))';
      const read = (text: string) =>
        JSON.parse(execFileSync('python3', ['-c', script], { input: text, encoding: 'utf8' }));
      for (const file of nasty.filter((name) => name !== steering)) {
        const begins = /^[=+\-@\t]/.test(file);
        expect(read(write('csv', file))).toEqual([
          [begins ? `'${file}` : file, '2', '5', 'n1', `'=label, "b"`, '0.5', '', ''],
        ]);
      }
    },
  );

  it('a template is replaced once, quotes for a shell, and refuses what it does not know', () => {
    const print = (template: string, file = 'a') => write('print', file, { template });
    expect(print('{file}', '{label}')).toBe('{label}\n');
    expect(print('{rank} {index} {id} {probability} {percent}\\t{{}}\\\\n')).toBe('2 5 n1 0.5 50.0\t{}\\n\n');
    // Without --null-output too: an escape would be another file's name.
    expect(print('{file:q}', 'new\nline\x1b.jpg')).toBe("'new\nline\x1b.jpg'\n");
    const quoted = print('{file:q}', nasty.at(-1)).trimEnd();
    expect(execFileSync('sh', ['-c', `printf %s ${quoted}`], { encoding: 'utf8' })).toBe(nasty.at(-1));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what must stay as it is
    expect(print('$(date) `date` %s ${file}')).toBe('$(date) `date` %s $a\n');
    for (const wrong of ['{constructor}', '{file', 'a}', '{__proto__}', '{file:x}']) {
      expect(() => print(wrong)).toThrow(/--print/);
    }
  });

  it('paths are bytes, for a person without control characters, and lines hold no line feeds', () => {
    const format = createFormat('paths', { model, cost, nul: true });
    const raw = Buffer.from([0x61, 0xff]);
    expect(Buffer.from(format.entry({ record: record('a\ufffd'), ranks: [1], name: raw }))).toEqual(
      Buffer.from([0x61, 0xff, 0]),
    );
    expect(write('paths', steering, { isTerminal: true })).not.toContain('\x1b');
    expect(refuseLines('paths', false, Buffer.from('a\nb'))).toMatch(
      /^a\\nb: the name contains a newline; use --null-output$/,
    );
    expect(refuseLines('paths', true, Buffer.from('a\nb'))).toBeUndefined();
  });

  it('JSON is written piece by piece as it would be in one', () => {
    const records = [record('a\n'), failed, record('b')];
    for (const images of [records, []]) {
      const format = createFormat('json', { model, cost });
      const name = Buffer.alloc(0);
      const text = [
        format.begin(),
        ...images.map((each) => format.entry({ record: each, ranks: [1], name })),
        format.end(1),
      ];
      expect(text.join('')).toBe(`${JSON.stringify({ model, cost, images }, null, 2)}\n`);
    }
  });
});
