import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EvaluationRecord } from '../../src/evaluation/record.js';
import { fixtures, type MetricsFixture } from '../evaluation/golden-metrics.js';
import { sharedPath } from '../shared.js';
import { mobilenet } from './run.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-evaluate-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function evaluate(
  ...args: readonly string[]
): EvaluationRecord & { readonly code: number | null; readonly stderr: string } {
  const { stdout, stderr, code } = mobilenet('evaluate', '--json', ...args);
  expect(stdout, stderr).not.toBe('');
  return { ...JSON.parse(stdout), stderr, code };
}

/** A row with all classes, by their probabilities. */
function rowOf(file: string, probabilities: readonly number[], others: object = {}): string {
  const predictions = probabilities
    .map((probability, index) => ({ index, id: null, label: `class ${index}`, probability }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index);
  return JSON.stringify({ file, predictions, ms: { decode: 1, run: 1 }, ...others });
}

/** The truth in the table comes in another order than the rows. */
function filesOf(
  { truth, probabilities }: MetricsFixture,
  order = (rows: readonly string[]) => rows,
): readonly string[] {
  const rows = probabilities.map((row, at) => rowOf(`photos/${at}.jpg`, row));
  const lines = truth.map((each, at) => `${at}.jpg,Class_${each}`).reverse();
  return [
    ...['--rows', write('rows.jsonl', `${order(rows).join('\n')}\n`)],
    ...['--truth', write('truth.csv', `file,label\n${lines.join('\n')}\n`)],
  ];
}

describe('rows and a table of true classes', () => {
  it.each(fixtures.map((fixture, number) => ({ number, fixture })))(
    'equal scikit-learn and numpy on fixture $number',
    ({ fixture }) => {
      const { expected } = fixture;
      const found = evaluate(...filesOf(fixture));
      const near = (value: number | null, other: number) => expect(Math.abs(value! - other)).toBeLessThan(1e-12);
      expect(found).toMatchObject({ n: fixture.truth.length, failed: 0, unknown: 0, withoutTruth: 0, reasons: {} });
      near(found.top1.value, expected.accuracy);
      near(found.top5!.value, expected.top5);
      near(found.logLoss, expected.logLoss);
      near(found.ece, expected.ece);
      near(found.macroPrecision, expected.macro.precision);
      near(found.macroRecall, expected.macro.recall);
      near(found.macroF1, expected.macro['f1-score']);
      const perClass = new Map(found.perClass.map(({ label, ...scores }) => [label, scores]));
      expect(perClass.size).toBe(expected.perClass.length);
      for (const { label, precision, recall, support, ...rest } of expected.perClass) {
        const own = perClass.get(`class ${label}`)!;
        near(own.precision, precision);
        near(own.recall, recall);
        near(own.f1, rest['f1-score']);
        expect(own.support).toBe(support);
      }
    },
  );

  it('give the same in any order of the rows', () => {
    const [fixture] = fixtures;
    const { stderr, code, ...straight } = evaluate(...filesOf(fixture!));
    const { stderr: _, code: __, ...reversed } = evaluate(...filesOf(fixture!, (rows) => rows.toReversed()));
    expect(reversed).toEqual(straight);
    expect(code, stderr).toBe(0);
  });

  const two = [0.7, 0.2, 0.1];
  const run = (rows: readonly string[], truth: string, ...flags: readonly string[]) =>
    evaluate('--rows', write('rows.jsonl', `${rows.join('\n')}\n`), '--truth', write('truth.csv', truth), ...flags);

  it('tell why a metric is missing', () => {
    const row = JSON.stringify({ file: 'a.jpg', predictions: [{ index: 0, id: null, label: 'a', probability: 0.6 }] });
    const other = JSON.stringify({
      file: 'b.jpg',
      predictions: [{ index: 1, id: null, label: 'b', probability: 0.6 }],
    });
    const found = run([row, other], 'a.jpg,a\nb.jpg,a\n');
    expect(found).toMatchObject({ n: 2, top1: { value: 0.5 }, top5: null, logLoss: null });
    expect(found.reasons).toEqual({
      top5: '1 row does not hold the five most probable classes',
      logLoss: '1 row does not hold the probability of the true class',
    });
  });

  it('count unknown pictures as wrong and uncovered, and tell them apart', () => {
    const unknown = { unknown: { distance: 0.5, threshold: 0.4 } };
    const found = run([rowOf('a.jpg', two), rowOf('b.jpg', two, unknown)], 'a.jpg,class 0\nb.jpg,class 0\n');
    expect(found).toMatchObject({ n: 2, unknown: 1, top1: { value: 0.5 }, top5: { value: 0.5 } });
    expect(found.coverage[0]).toEqual({ min: 0, coverage: 0.5, accuracy: 1 });
    expect(found.perClass).toEqual([{ label: 'class 0', precision: 1, recall: 0.5, f1: 2 / 3, support: 2 }]);
    expect(found.confusion).toEqual({
      labels: ['class 0', 'unknown'],
      counts: [
        [1, 1],
        [0, 0],
      ],
    });
  });

  it('count failed rows, and truths without a row, apart: exit 1', () => {
    const failed = JSON.stringify({ file: 'b.jpg', error: { code: 'corrupt', message: 'b.jpg: corrupt' } });
    const skipped = JSON.stringify({ file: 'c.txt', error: { code: 'skipped', message: 'no', kind: 'text' } });
    const found = run([rowOf('a.jpg', two), failed, skipped], 'a.jpg,class 0\nb.jpg,class 0\nd.jpg,class 1\n');
    expect(found).toMatchObject({ code: 1, n: 1, failed: 2, top1: { value: 1 } });
    expect(found.stderr).toContain('files with a true class but no row: 1');
  });

  it('tell of rows without a true class, and of repeated ones', () => {
    const rows = [rowOf('a.jpg', two), rowOf('x.jpg', two), rowOf('a.jpg', [0, 1, 0])];
    const found = run(rows, 'a.jpg,class 0\n');
    expect(found).toMatchObject({ code: 0, n: 1, withoutTruth: 1, top1: { value: 1 } });
    expect(found.stderr).toContain('rows without a true class, not evaluated: 1');
    expect(found.stderr).toContain('repeated rows for the same image, not evaluated: 1');
  });

  const refused = (rows: readonly string[], truth: string) =>
    mobilenet('evaluate', '--rows', write('rows.jsonl', `${rows.join('\n')}\n`), '--truth', write('truth.csv', truth));

  it.each<[string, readonly string[], string, string]>([
    [
      'a class that does not exist',
      [rowOf('a.jpg', two)],
      'a.jpg,klass 1\n',
      'class "klass 1" of a.jpg: fits no class',
    ],
    [
      'a most probable class that was filtered',
      [rowOf('a.jpg', two).replace('"probability":0.7', '"rank":2,"probability":0.7')],
      'a.jpg,class 0\n',
      'the row does not hold the most probable class',
    ],
    [
      'rows of two models',
      [rowOf('a.jpg', two), rowOf('b.jpg', two, { model: { network: 'x' } })],
      'a.jpg,class 0\n',
      'rows.jsonl:2: the result of another model',
    ],
    [
      'two rows for one truth',
      [rowOf('x/a.jpg', two), rowOf('y/a.jpg', two)],
      'a.jpg,class 0\n',
      'fits two rows, x/a.jpg and y/a.jpg',
    ],
    [
      'two truths for one file',
      [rowOf('a.jpg', two)],
      'a.jpg,class 0\n./a.jpg,class 1\n',
      'the file is "class 1" here and "class 0" in',
    ],
    ['what are no rows', ['{}'], 'a.jpg,class 0\n', 'rows.jsonl:1: not a result'],
  ])('are refused with %s: exit 2', (_, rows, truth, message) => {
    const { code, stderr, stdout } = refused(rows, truth);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('are told from ImageNet’s classes by synset ids, also those that no row has', () => {
    const row = JSON.stringify({
      file: 'a.jpg',
      predictions: [{ index: 208, id: 'n02099601', label: 'golden retriever', probability: 0.9 }],
    });
    expect(run([row], 'a.jpg,golden_retriever\n').top1.value).toBe(1);
    expect(run([row], 'a.jpg,dog\n')).toMatchObject({ top1: { value: 1 }, perClass: [{ label: 'dog', support: 1 }] });
    expect(run([row], 'a.jpg,tench\n').top1.value).toBe(0);
    expect(run([row], 'a.jpg,208\n')).toMatchObject({ top1: { value: 1 } });
    expect(refused([row], 'a.jpg,crane\n').stderr).toContain('ambiguous: crane (n02012849) or crane (n03126707)');
  });

  it('may end early, which is a failure', () => {
    const rows = write('rows.jsonl', `${rowOf('class_0_1.jpg', two)}\n${rowOf('class_0_2.jpg', two).slice(0, 50)}`);
    expect(evaluate('--rows', rows, '--truth', 'name')).toMatchObject({ code: 1, n: 1, failed: 1 });
  });

  it('may be without an answer: exit 3', () => {
    const { code, stderr } = refused([rowOf('a.jpg', two)], 'b.jpg,class 0\n');
    expect({ code, stderr }).toMatchObject({ code: 3 });
    expect(stderr).toContain('no row has an answer and a true class');
  });
});

describe('class folders', () => {
  const put = (name: string, photo: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    copyFileSync(new URL(`../photos/${photo}.jpg`, import.meta.url), join(folder, name));
  };

  it('are classified, and wrong answers written', () => {
    put('val/Alp/1.jpg', 'alps');
    put('val/gondola/2.jpg', 'alps');
    write('val/alp/broken.jpg', 'no picture');
    write('val/README', 'text');
    put('val/beside.jpg', 'boats');
    mkdirSync(join(folder, 'val/tench'));
    const errors = join(folder, 'errors.jsonl');
    const found = evaluate(join(folder, 'val'), '--errors', errors);
    expect(found).toMatchObject({ code: 1, n: 2, failed: 1, withoutTruth: 1, top1: { value: 0.5 }, reasons: {} });
    expect(found.perClass).toEqual([
      { label: 'gondola', precision: 0, recall: 0, f1: 0, support: 1 },
      { label: 'alp', precision: 0.5, recall: 1, f1: 2 / 3, support: 1 },
    ]);
    expect(found.stderr).toContain('no images were taken from "tench"');
    expect(found.stderr).toContain('images in no class folder, not evaluated: 1');
    const rows = readFileSync(errors, 'utf8')
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row));
    expect(rows).toMatchObject([
      { file: join(folder, 'val/gondola/2.jpg'), truth: 'gondola', model: { network: 'mobilenet_v2' } },
    ]);
    expect(rows[0].predictions[0].label).toBe('alp');
    const table = evaluate('--rows', errors, '--truth', 'folder');
    expect(table).toMatchObject({ n: 1, top1: { value: 0 } });
  });

  it('that fit no class, or two, end with 2 before anything is classified', () => {
    put('val/alpps/1.jpg', 'alps');
    const { code, stderr, stdout } = mobilenet('evaluate', join(folder, 'val'));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('folder "alpps": fits no class of the model, expected a name such as "');
    put('other/crane/1.jpg', 'alps');
    expect(mobilenet('evaluate', join(folder, 'other')).stderr).toContain('folder "crane": the name is ambiguous');
    const map = write('map.csv', 'alpps,alp\n');
    expect(evaluate(join(folder, 'val'), '--map', map)).toMatchObject({ code: 0, top1: { value: 1 } });
  });

  it('may be missing: exit 2, and 3 where there is nothing', () => {
    put('alone/1.jpg', 'alps');
    expect(mobilenet('evaluate', join(folder, 'alone'))).toMatchObject({ code: 2 });
    expect(mobilenet('evaluate', join(folder, 'none'))).toMatchObject({ code: 3 });
    mkdirSync(join(folder, 'empty'));
    expect(mobilenet('evaluate', join(folder, 'empty'))).toMatchObject({ code: 3 });
    expect(mobilenet('evaluate')).toMatchObject({
      code: 2,
      stderr: 'mobilenet: no input given, expected a folder of class folders, --truth FILE or --rows FILE\n',
    });
  });

  it('may miss what is demanded: exit 6', () => {
    put('val/alp/1.jpg', 'alps');
    put('val/tench/1.jpg', 'boats');
    const val = join(folder, 'val');
    expect(evaluate(val, '--at-least', 'top1=0.5,top5=0.5').code).toBe(0);
    const missed = evaluate(val, '--at-least', 'top1=0.5', '--at-least', 'macroF1=0.9');
    expect(missed.code).toBe(6);
    expect(missed.stderr).toMatch(/macroF1 is 0\.\d{4}; --at-least asks for 0\.9/);
    expect(mobilenet('evaluate', val, '--at-least', 'top2=0.5').code).toBe(2);
  });

  it('give text, a table of classes and CSV', () => {
    put('val/alp/1.jpg', 'alps');
    const csv = join(folder, 'classes.csv');
    const { stdout, code } = mobilenet('evaluate', join(folder, 'val'), '--per-class', '--csv', csv);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^mobilenet_v2 1\.0 at 224 × 224, f32: 1 image of 1 class\ntop-1 +100\.0 % {2}95 % confidence: 20\.7 % to 100\.0 %/,
    );
    expect(stdout).toMatch(/class {2}precision {2}recall {5}F1 {2}images\nalp {8}1\.000 {3}1\.000 {2}1\.000 {7}1\n$/);
    expect(readFileSync(csv, 'utf8')).toBe('class,precision,recall,F1,images\nalp,1,1,1,1\n');
    expect(mobilenet('evaluate', join(folder, 'val'), '--csv', csv)).toMatchObject({ code: 2, stdout: '' });
  });
});

const samples = sharedPath('images/imagenet_samples');

describe.skipIf(samples === undefined)('names of pictures', () => {
  it('give the same numbers as the rows of classify', () => {
    const include = ['--include', 'n015*'];
    const rows = join(folder, 'rows.jsonl');
    expect(mobilenet('classify', samples!, ...include, '--output', rows, '--top', '1000').code).toBe(0);
    const {
      logLoss,
      ms: _,
      ...live
    } = evaluate(samples!, '--truth', 'name', ...include) as EvaluationRecord & { ms?: unknown };
    const { logLoss: rounded, ...fromRows } = evaluate('--rows', rows, '--truth', 'name');
    expect(fromRows).toMatchObject({ ...live, stderr: fromRows.stderr });
    // Rows have six decimals.
    expect(rounded).toBeCloseTo(logLoss!, 4);
    expect(live.n).toBeGreaterThan(3);
  });
});
