import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lineWriter, predictionsText } from '../../src/report/classify-text.js';
import { filterText } from '../../src/report/filter-text.js';
import { mobilenet, program, root } from './run.js';

const alps = 'test/photos/alps.jpg';
const boats = 'test/photos/boats.jpg';

function prediction(label: string, probability: number, id: string | null = 'n00000001') {
  return { index: 1, id, label, probability };
}

describe('text', () => {
  it('has a line for each of several images, in columns', () => {
    const { stdout, code } = mobilenet('classify', alps, boats);
    expect(stdout).toMatch(
      /^test\/photos\/alps\.jpg {4}8\d\.\d % {2}alp\ntest\/photos\/boats\.jpg {3}6\d\.\d % {2}wreck\nmobilenet_v2 α .*\n$/,
    );
    expect(code).toBe(0);
  });

  it.each([['--long'], ['--top=5']])('lists all predictions of several images with %s', (option) => {
    const { stdout } = mobilenet('classify', option, alps, boats);
    expect(stdout.split('\n').filter((line) => line.startsWith('  ')).length).toBe(10);
  });

  it('has no rows of 0.0 %, and the first name of a label', () => {
    const rows = [
      prediction('red fox, Vulpes vulpes', 0.9994),
      prediction('kit fox', 0.0005),
      prediction('cat', 0.0004),
    ];
    expect(predictionsText('a.jpg', rows)).toBe(
      `a.jpg\n  red fox${' '.repeat(29)}  99.9 %\n  kit fox${' '.repeat(29)}   0.1 %\n`,
    );
    expect(predictionsText('a.jpg', [prediction('cat', 0.0001)])).toMatch(/^a\.jpg\n {2}cat +<0\.1 %\n$/);
  });

  it('leaves labels that are no synsets as they are', () => {
    expect(predictionsText('a.jpg', [prediction('York, UK', 0.5, null)])).toContain('  York, UK  ');
  });

  it('fits into 80 columns', () => {
    const text = predictionsText('a.jpg', [prediction('l'.repeat(100), 1)]);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('does not cut names of images, nor lets one push the others away', () => {
    const long = `${'n'.repeat(80)}.jpg`;
    const line = lineWriter(['a.jpg', long]);
    expect(line('a.jpg', [prediction('cat', 0.5)])).toBe(`a.jpg${' '.repeat(55)}   50.0 %  cat\n`);
    expect(line(long, [prediction('cat', 1)])).toBe(`${long}  100.0 %  cat\n`);
    const hostile = line('\u001b[2J', [prediction('c\u009bat', 1)]);
    expect(['\u001b', '\u009b'].some((character) => hostile.includes(character))).toBe(false);
  });

  it('JSON and CSV keep labels and small probabilities', () => {
    const args = ['classify', alps, '--top', '1000'];
    const [image] = JSON.parse(mobilenet(...args, '--json').stdout).images;
    expect(image.predictions).toHaveLength(1000);
    expect(image.predictions[1].label).toBe('cliff, drop, drop-off');
    expect(mobilenet(...args, '--format', 'csv').stdout).toContain('"cliff, drop, drop-off"');
  });
});

describe('filters', () => {
  it.each([
    [{ only: ['flower'] }, 7, 0, 5, '0 of 7 images have a flower in their top 5'],
    [
      { only: ['owl', ' 12', 'n01503061'] },
      7,
      2,
      5,
      '2 of 7 images have an owl or class 12 or n01503061 in their top 5',
    ],
    [
      { only: ['dog'], not: ['pug'], min: 0.25 },
      2,
      2,
      1,
      '2 of 2 images have a dog other than pug with at least 25 % as their first prediction',
    ],
    [{ min: 0.07 }, 1, 0, 5, '1 image'],
    [{ min: 0.5 }, 1, 1, 5, undefined],
    [{}, 7, 7, 5, undefined],
    [{ only: ['dog'] }, 0, 0, 5, undefined],
  ] as const)('%j of %d images, %d with it', (filter, classified, matching, top, expected) => {
    const text = filterText(filter, { succeeded: classified, matching }, top);
    if (expected === '1 image') expect(text).toBe('0 of 1 image has a class with at least 7 % in its top 5');
    else expect(text).toBe(expected);
  });

  it('say on stderr how many images have what was asked for, unless --quiet', () => {
    const args = ['classify', alps, boats, '--only', 'dog', '--format', 'paths'];
    expect(mobilenet(...args)).toEqual({
      stdout: '',
      stderr: 'mobilenet: 0 of 2 images have a dog as their first prediction\n',
      code: 0,
    });
    expect(mobilenet(...args, '-q')).toEqual({ stdout: '', stderr: '', code: 0 });
  });

  it.each([
    ['dogs', 'dog'],
    ['berries', 'berry'],
    ['wolves', 'wolf'],
    ['tabbby', 'tabby'],
    ['Flowr', 'flower'],
  ])('%s is no class: did you mean %s?', (typed, meant) => {
    const { stderr, code } = mobilenet('classify', alps, '--not', typed);
    expect([stderr, code]).toEqual([`mobilenet: --not ${typed}: no such class; did you mean ${meant}?\n`, 2]);
  });

  it('say what a class can be where nothing is close', () => {
    const { stderr } = mobilenet('classify', alps, '--only', 'xyzzy');
    expect(stderr).toMatch(/: no such class, expected a label, a synset id, an index or a group such as dog\n$/);
  });
});

describe('--group', () => {
  it('adds up related classes in text, JSON and CSV', () => {
    const text = mobilenet('classify', boats, '--group').stdout;
    expect(text).toMatch(/^test\/photos\/boats\.jpg\n {2}vessel +[89]\d\.\d %\n/);
    const [image] = JSON.parse(mobilenet('classify', boats, '--group', '--json').stdout).images;
    expect(image.predictions[0]).toMatchObject({
      index: null,
      id: 'n04530566',
      label: 'vessel, watercraft',
      classes: 15,
    });
    expect(image.predictions).toHaveLength(5);
    const [, first] = mobilenet('classify', boats, '--group', '--format', 'csv').stdout.split('\n');
    expect(first).toMatch(/^test\/photos\/boats\.jpg,1,,n04530566,"vessel, watercraft",0\.[89]\d*,+$/);
  });

  it('adds up what --only leaves, and --min chooses among the sums', () => {
    const rows = (...args: string[]) => {
      const { stdout } = mobilenet('classify', boats, '--group', '--print', '{label} {index}', ...args);
      return stdout.trim().split('\n');
    };
    expect(rows('--only', 'wreck')).toEqual(['wreck 913']);
    expect(rows('--min', '0.5')).toEqual(['vessel, watercraft']);
  });

  it('can be merged', () => {
    const { stdout: input } = mobilenet('classify', boats, '--group', '--format', 'jsonl');
    const merged = spawnSync(process.execPath, [program, 'merge', '-'], { cwd: root, input, encoding: 'utf8' });
    expect(merged).toMatchObject({ status: 0, stdout: input });
  });

  it('is refused for a model whose labels have no groups: exit 2', () => {
    const own = ['--weights', 'test/golden/onnx-tiny/relu6-dynamo.onnx', '--input', '0..1'];
    const { stdout, stderr, code } = mobilenet('classify', ...own, alps, '--group');
    expect([stdout, code]).toEqual(['', 2]);
    expect(stderr).toMatch(/^mobilenet: --group: the labels of this model have no groups, expected .*\n$/);
  });
});

describe('--stdin-name', () => {
  const input = readFileSync(join(root, alps));
  const run = (...args: readonly string[]) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, 'classify', ...args], {
      cwd: root,
      input,
    });
    return { stdout: String(stdout), stderr: String(stderr), code: status };
  };

  it('is the name of the image on stdin in every format', () => {
    expect(run('-', '--stdin-name', 'holiday.jpg').stdout).toMatch(/^holiday\.jpg\n {2}alp /);
    expect(run('-', '--stdin-name', 'holiday.jpg', '--format', 'paths').stdout).toBe('holiday.jpg\n');
    const row = JSON.parse(run('-', '--stdin-name', 'holiday.jpg', '--format', 'jsonl').stdout);
    expect(row.file).toBe('holiday.jpg');
  });

  it('needs an image on stdin, and a name', () => {
    expect(run(alps, '--stdin-name', 'x.jpg')).toMatchObject({ code: 2, stdout: '' });
    expect(run(alps, '--stdin-name', 'x.jpg').stderr).toBe(
      'mobilenet: --stdin-name: no image on stdin, expected - as an input\n',
    );
    expect(run('-', '--stdin-name', '').code).toBe(2);
  });
});

describe('--no-model', () => {
  it('leaves the model out of JSON lines', () => {
    const { stdout } = mobilenet('classify', alps, '--format', 'jsonl', '--no-model', '--model', 'mobilenet_v2');
    expect(Object.keys(JSON.parse(stdout))).toEqual(['file', 'predictions', 'ms']);
    const whole = mobilenet('classify', alps, '--format', 'jsonl').stdout;
    expect(Object.keys(JSON.parse(whole))).toContain('model');
  });

  it('is refused where rows must say it', () => {
    expect(mobilenet('classify', alps, '--no-model').stderr).toBe('mobilenet: --no-model: needs --format jsonl\n');
    const resumed = mobilenet('classify', alps, '--no-model', '--resume', '--output', 'never.jsonl');
    expect(resumed.stderr).toBe('mobilenet: --resume: cannot be combined with --no-model\n');
    const { stdout } = mobilenet('classify', alps, '--format', 'jsonl', '--no-model');
    const merged = spawnSync(process.execPath, [program, 'merge', '-'], { cwd: root, input: stdout, encoding: 'utf8' });
    expect(merged.status).toBe(2);
    expect(merged.stderr).toBe(
      'mobilenet: -:1: the row does not name its model, expected rows written without --no-model\n',
    );
  });
});
