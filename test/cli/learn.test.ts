import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../src/domain/seeded-random.js';
import { load } from '../../src/index.js';
import { mobilenet, program, root } from './run.js';

const SIDE = 64;
const patterns: Readonly<Record<string, (x: number, y: number, period: number) => boolean>> = {
  stripes: (x, _, period) => Math.floor(x / period) % 2 === 0,
  checks: (x, y, period) => (Math.floor(x / period) + Math.floor(y / period)) % 2 === 0,
  rings: (x, y, period) => Math.floor(Math.hypot(x - SIDE / 2, y - SIDE / 2) / period) % 2 === 0,
};

/** A pattern in two random colours, as a portable pixmap. */
function picture(pattern: string, seed: number): Buffer {
  const random = seededRandom(seed);
  const [first, second] = [0, 1].map(() => Array.from({ length: 3 }, () => Math.floor(256 * random()))) as number[][];
  const period = 4 + Math.floor(4 * random());
  const pixels = Array.from({ length: SIDE * SIDE }, (_, at) =>
    patterns[pattern]!(at % SIDE, Math.floor(at / SIDE), period) ? first! : second!,
  );
  return Buffer.concat([Buffer.from(`P6 ${SIDE} ${SIDE} 255\n`), Buffer.from(pixels.flat())]);
}

function writeClasses(folder: string, count: number, from = 0): void {
  Object.keys(patterns).forEach((name, at) => {
    mkdirSync(join(folder, name), { recursive: true });
    for (let i = from; i < from + count; i++) {
      writeFileSync(join(folder, name, `${i}.ppm`), picture(name, 1000 * at + i));
    }
  });
}

let folder: string;
let classes: string;
const small = ['--res', '64', '--jobs', '2'];
const learn = (from: string, name: string, ...args: string[]) =>
  mobilenet('learn', from, '--as', name, ...small, ...args);
const learned = (from: string, name: string, ...args: string[]) =>
  JSON.parse(learn(from, name, '--json', ...args).stdout);
const record = (name: string) => JSON.parse(readFileSync(join(folder, 'home/models', name, 'model.json'), 'utf8'));

/** A copy of the classes to do something to. */
function copied(name: string): string {
  const copy = join(folder, name);
  cpSync(classes, copy, { recursive: true });
  return copy;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-'));
  vi.stubEnv('MOBILENET_HOME', join(folder, 'home'));
  classes = join(folder, 'classes');
  writeClasses(classes, 20);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('mobilenet learn', () => {
  it('installs a model that commands take like any other', () => {
    const report = learned(classes, 'patterns');
    expect(report.model).toMatchObject({ name: 'patterns', backbone: 'mobilenet_v2_1.0_224', resolution: 64 });
    expect(report.model.classes).toEqual(
      ['checks', 'rings', 'stripes'].map((label) => ({ label, train: 20, test: 4 })),
    );
    expect(report.accuracy).toMatchObject({ pictures: 12, measuredOn: 'held-out' });
    expect(report.accuracy.crossValidated).toBeGreaterThan(0.8);
    expect(report.accuracy.low95).toBeLessThanOrEqual(report.accuracy.value);
    expect(report.confusion.labels).toEqual(['checks', 'rings', 'stripes']);
    expect(report.unknown.falseAlarms).toBeLessThanOrEqual(0.05);
    const images = Object.keys(patterns).map((name) => join(classes, name, '0.ppm'));
    for (const dtype of ['f32', 'int8']) {
      const rows = JSON.parse(
        mobilenet('classify', '--model', 'patterns', '--dtype', dtype, '--json', ...images).stdout,
      );
      const labels = rows.images.map(({ predictions }: { predictions: { label: string }[] }) => predictions[0]!.label);
      expect(labels).toEqual(['stripes', 'checks', 'rings']);
      expect(rows.model).toMatchObject({ network: 'mobilenet_v2', resolution: 64, trainedResolution: 224, dtype });
    }
    const exported = join(folder, 'patterns.safetensors');
    expect(mobilenet('models', 'export', 'patterns', exported)).toMatchObject({ code: 0, stderr: '' });
    const other = mobilenet('classify', '--weights', exported, '--format', 'csv', '-k', '1', images[0]!);
    expect(other.stdout).toContain(',stripes,');
    expect(mobilenet('import', exported, '--as', 'again')).toMatchObject({ code: 0 });
    const again = mobilenet('classify', '--model', 'again', '--format', 'csv', '-k', '1', images[1]!);
    expect(again.stdout).toContain(',checks,');
    expect(mobilenet('models', 'remove', 'again').code).toBe(0);
    const bench = mobilenet('bench', '--model', 'patterns', '--runs', '1', '--json').stdout;
    expect(JSON.parse(bench)).toMatchObject({ network: 'mobilenet_v2', resolution: 64 });
    const cost = (...args: string[]) => JSON.parse(mobilenet('cost', ...args, '--json').stdout);
    expect(cost('--model', 'patterns').params).toEqual(
      cost('--model', 'mobilenet_v2', '--classes', '3', '--res', '64').params,
    );
    expect(mobilenet('cost', '--model', 'patterns', '--alpha', '0.5').code).toBe(2);
    expect(mobilenet('models', 'verify').stdout).toBe('patterns: OK\n');
  });

  it('leaves a network’s own name to the network', () => {
    const rows = mobilenet('classify', '--model', 'mobilenet_v2', '--res', '64', '--json', 'test/photos/alps.jpg');
    expect(JSON.parse(rows.stdout).model.weights).toBe('mobilenet_v2_1.0_224.safetensors');
  });

  it('says in every format that an image is none of the classes', () => {
    const [photo, known] = ['test/photos/alps.jpg', join(classes, 'rings/1.ppm')];
    const classify = (...args: string[]) => mobilenet('classify', '--model', 'patterns', ...args);
    const [row] = JSON.parse(classify('--json', photo).stdout).images;
    expect(row.unknown.distance).toBeGreaterThan(row.unknown.threshold);
    expect(row.unknown.threshold).toBe(record('patterns').unknown.threshold);
    expect(row.predictions).toHaveLength(3);
    expect(classify(photo).stderr).toBe('');
    expect(classify('--res', '96', photo).stderr).toMatch(/^mobilenet: patterns: .* learned at 64×64; at 96×96 .*\n$/);
    const nearest = row.predictions[0].label;
    expect(classify(photo).stdout).toMatch(new RegExp(`^${photo}\n {2}unknown \\(nearest: ${nearest}\\)\n`));
    expect(classify(photo, known).stdout).toContain(`         unknown (nearest: ${nearest})\n`);
    expect(classify('--format', 'csv', photo).stdout.split('\n')[1]).toBe(`${photo},0,,,unknown,,,`);
    expect(classify('--format', 'tsv', photo).stdout.split('\n')[1]).toBe(`${photo}\t0\t\t\tunknown\t\t\t`);
    expect(classify('--print', '{rank} {label} {probability}', photo).stdout).toBe('0 unknown \n');
    const paths = (...args: string[]) => classify('--format', 'paths', ...args, photo, known);
    expect(paths('--only', 'unknown').stdout).toBe(`${photo}\n`);
    expect(paths('--only', 'unknown').stderr).toContain('1 of 2 images are unknown');
    expect(paths('--only', `${nearest},rings`).stdout).toBe(`${known}\n`);
    expect(paths('--only', 'unknown,rings').stdout).toBe(`${photo}\n${known}\n`);
    expect(paths('--not', 'unknown').stdout).toBe(`${known}\n`);
    expect(paths('--min', '0.1').stdout).toBe(`${known}\n`);
    const explain = (...args: string[]) => mobilenet('explain', '--model', 'patterns', ...args).stdout;
    expect(JSON.parse(explain(photo, '--json')).unknown.threshold).toBe(row.unknown.threshold);
    expect(explain(photo)).toMatch(/\nThe model calls this image unknown: its distance from the learned images is \d/);
    expect(explain(known)).not.toContain('unknown');
    const lanes = classify('--json', '--jobs', '2', photo, known);
    expect(JSON.parse(lanes.stdout).images[0].unknown).toEqual(row.unknown);
    expect(mobilenet('classify', '--only', 'unknown', photo)).toMatchObject({
      code: 2,
      stderr: /--only unknown: no such class/,
    });
  });

  it('is carried to another machine with all that it knows', () => {
    const bundle = join(folder, 'home');
    const home = join(folder, 'elsewhere');
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [program, ...args], {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, MOBILENET_HOME: home },
      });
    expect(run('import', '--bundle', bundle).status).toBe(0);
    const photo = ['classify', '--model', 'patterns', '--json', 'test/photos/alps.jpg'];
    const [row] = JSON.parse(run(...photo).stdout).images;
    expect(row.unknown).toEqual(JSON.parse(mobilenet(...photo).stdout).images[0].unknown);
  });

  it('the library says so too', async () => {
    const classifier = await load('patterns');
    const images = ['test/photos/alps.jpg', join(classes, 'rings/1.ppm')] as const;
    const { unknown, predictions } = await classifier.classify(images[0]);
    expect(unknown!.distance).toBeGreaterThan(unknown!.threshold);
    expect(predictions).toHaveLength(3);
    expect(await classifier.classify(images[1])).not.toHaveProperty('unknown');
    for (const jobs of [1, 2]) {
      const found = [];
      for await (const row of classifier.classifyAll(images, { jobs })) found.push(row.ok && row.unknown);
      expect(found).toEqual([unknown, undefined]);
    }
    classifier.close();
  });

  it('--unknown off leaves no image out; a larger share calls more images unknown', () => {
    expect(learned(classes, 'all', '--unknown', 'off').unknown).toBeNull();
    const rows = JSON.parse(mobilenet('classify', '--model', 'all', '--json', 'test/photos/alps.jpg').stdout);
    expect(rows.images[0]).not.toHaveProperty('unknown');
    const strict = learned(classes, 'strict', '--unknown', '0.5');
    expect(strict.unknown.threshold).toBeLessThan(record('patterns').unknown.threshold);
    expect(strict.unknown.falseAlarms).toBeCloseTo(0.5, 1);
    for (const share of ['0', '1', 'none']) expect(learn(classes, 'no', '--unknown', share).code).toBe(2);
  });

  it('makes the same model of the same images and seed, another of another seed', () => {
    const hashes = (name: string) => {
      const { weights, unknown, levels, labels } = record(name);
      return [weights.sha256, unknown.vectors.sha256, levels.sha256, labels.sha256, unknown.threshold];
    };
    learn(classes, 'again', '--deterministic');
    learn(classes, 'once-more', '--deterministic', '--jobs', '1');
    expect(hashes('once-more')).toEqual(hashes('again'));
    learn(classes, 'other', '--deterministic', '--seed', '2');
    expect(hashes('other')).not.toEqual(hashes('again'));
  });

  it('measures on --test, which is not learned from', () => {
    const test = join(folder, 'test');
    writeClasses(test, 5, 100);
    cpSync(join(classes, 'rings/0.ppm'), join(test, 'rings/copy.ppm'));
    const report = learned(classes, 'tested', '--test', test);
    expect(report.accuracy).toMatchObject({ pictures: 15, measuredOn: 'test' });
    expect(report.model.classes[1]).toEqual({ label: 'rings', train: 20, test: 5 });
    expect(report.warnings).toEqual(['1 test image is among the learned ones: left out of the test']);
    mkdirSync(join(test, 'ring'));
    cpSync(join(test, 'rings/100.ppm'), join(test, 'ring/100.ppm'));
    expect(learn(classes, 'no', '--test', test)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/class "ring" is not one of those that are learned; did you mean "rings"\?\n$/),
    });
  });

  it('takes a table of files and classes', () => {
    const table = join(folder, 'truth.csv');
    const rows = Object.keys(patterns).flatMap((name) => [0, 1, 2, 3].map((at) => `${name}/${at}.ppm,${name} class`));
    writeFileSync(table, `file,label\n${rows.join('\n')}\n`);
    const report = learned(classes, 'table', '--truth', table, '--hold-out', '0');
    expect(report.model.classes.map(({ label, train }: { label: string; train: number }) => [label, train])).toEqual(
      ['checks class', 'rings class', 'stripes class'].map((label) => [label, 4]),
    );
    expect(report.accuracy).toMatchObject({ pictures: 12, measuredOn: 'cross-validation' });
  });
});

describe('mobilenet learn: bad input', () => {
  it('learns from the others where images cannot be read, exit 1', () => {
    const copy = copied('broken');
    writeFileSync(join(copy, 'rings/broken.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]));
    const result = learn(copy, 'broken', '--json');
    expect(result.code).toBe(1);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    const { failed, model } = JSON.parse(result.stdout);
    expect(failed).toEqual([
      { file: join(copy, 'rings/broken.jpg'), error: expect.objectContaining({ code: expect.any(String) }) },
    ]);
    expect(model.classes[1].train).toBe(20);
    expect(record('broken').name).toBe('broken');
  });

  it('leaves out an image that is in two classes, and names both', () => {
    const copy = copied('twice');
    cpSync(join(copy, 'rings/0.ppm'), join(copy, 'checks/ring.ppm'));
    const { duplicatesAcrossClasses, model } = learned(copy, 'twice');
    expect(duplicatesAcrossClasses).toEqual([[join(copy, 'checks/ring.ppm'), join(copy, 'rings/0.ppm')]]);
    expect(model.classes.map(({ train }: { train: number }) => train)).toEqual([20, 19, 20]);
  });

  it('names folders without images, and classes with few', () => {
    const copy = copied('few');
    mkdirSync(join(copy, 'empty'));
    for (let i = 2; i < 20; i++) rmSync(join(copy, 'rings', `${i}.ppm`));
    const { warnings } = learned(copy, 'few');
    expect(warnings).toContain('no images in "empty": not a class of the model');
    expect(warnings).toContain('fewer than 10 images: "rings"');
  });

  it('refuses a class called unknown, unless no image is called so', () => {
    const copy = copied('named-unknown');
    cpSync(join(copy, 'rings'), join(copy, 'Unknown'), { recursive: true });
    rmSync(join(copy, 'rings'), { recursive: true });
    expect(learn(copy, 'no')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/class "Unknown" has the name .*; rename it, .*--unknown off\n$/),
    });
    expect(learn(copy, 'called-unknown', '--unknown', 'off').code).toBe(0);
  });

  it('counts images in no class folder', () => {
    const copy = copied('stray');
    writeFileSync(join(copy, 'stray.ppm'), picture('rings', 7));
    expect(learned(copy, 'stray').warnings).toContain('1 image is in no class folder: not learned from');
    expect(learn(join(copy, 'rings'), 'no').stderr).toMatch(
      /no class has images \(20 images are in no class folder\), expected two or more classes/,
    );
  });

  it('says why no class is left: all images are in two classes', () => {
    const copy = join(folder, 'same');
    for (const label of ['one', 'two']) cpSync(join(classes, 'rings'), join(copy, label), { recursive: true });
    expect(learn(copy, 'no')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no class has images without the images that are in two classes/),
    });
  });

  it('names the classes that --test may have', () => {
    const copy = join(folder, 'others');
    cpSync(join(classes, 'rings'), join(copy, 'teapots'), { recursive: true });
    writeFileSync(join(copy, 'teapots/new.ppm'), picture('rings', 77));
    expect(learn(classes, 'no', '--test', copy).stderr).toMatch(
      /class "teapots" is not one of those that are learned, expected "checks", "rings", "stripes"/,
    );
  });

  it.each([
    ['one class', ['rings'], 20, /one class, "rings", expected two or more classes/],
    ['a class of one image', ['rings', 'checks'], 1, /one image only in classes? .*"rings", expected at least 2/],
    ['no class', [], 0, /no class has images/],
  ])('%s is exit 2', (name, kept, count, message) => {
    const copy = join(folder, name.replaceAll(' ', '-'));
    mkdirSync(copy);
    for (const label of kept) {
      mkdirSync(join(copy, label));
      for (let i = 0; i < count; i++) cpSync(join(classes, label, `${i}.ppm`), join(copy, label, `${i}.ppm`));
    }
    const { code, stderr, stdout } = learn(copy, 'no');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('refuses a name that is taken before it reads an image', () => {
    expect(learn(join(folder, 'nowhere'), 'patterns').stderr).toMatch(/patterns: already installed; .*--replace/);
    expect(learn(join(folder, 'nowhere'), 'new').stderr).toMatch(/nowhere: no such folder/);
    expect(learn(classes, 'mobilenet_v2').stderr).toMatch(/already the name of a network/);
  });

  it('leaves the old model or the new one when it is killed', async () => {
    const args = ['learn', classes, '--as', 'patterns', '--replace', ...small];
    for (const delay of [150, 300, 450, 600, 750, 900, 1100]) {
      const child = spawn(process.execPath, [program, ...args], { cwd: root, stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await wait(delay);
      child.kill('SIGKILL');
      await ended;
      const { code, stdout } = mobilenet(
        'classify',
        '--model',
        'patterns',
        '--format',
        'csv',
        '-k',
        '1',
        join(classes, 'rings/3.ppm'),
      );
      expect({ code, label: stdout.split('\n')[1]!.split(',')[4] }).toEqual({ code: 0, label: 'rings' });
    }
    expect(learn(classes, 'patterns', '--replace').code).toBe(0);
    expect(readdirSync(join(folder, 'home/blobs')).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
