import { describe, expect, it } from 'vitest';
import { costOptions, runCost } from '../../src/cli/commands/cost.js';
import { MobilenetError } from '../../src/errors/errors.js';
import { networkIds } from '../../src/networks/index.js';
import { parseFlags, type TypedFlags } from '../cli/parse-flags.js';

async function print(flags: TypedFlags = {}): Promise<string> {
  let printed = '';
  await runCost(parseFlags(costOptions, flags), (text) => {
    printed += text;
  });
  return printed;
}

const number = (text: string) => Number(text.replaceAll(',', ''));

describe('mobilenet cost --json', () => {
  it.each([
    [{ model: 'mobilenet_v1', alpha: '0.5', res: '160' }, 76_524_800, 1_342_536],
    [{ model: 'mobilenet_v2' }, 300_774_272, 3_538_984],
    [{ model: 'xception' }, 8_357_403_496, 22_910_480],
  ])('%o', async (flags, macs, total) => {
    const document = JSON.parse(await print({ ...flags, json: true }));
    expect(document.macs).toBe(macs);
    expect(document.flops).toBe(2 * macs);
    expect(document.params.total).toBe(total);
  });

  it('has its fields in order', async () => {
    const document = JSON.parse(await print({ json: true }));
    expect(Object.keys(document)).toEqual([
      ...['network', 'alpha', 'resolution', 'macs', 'flops', 'params', 'memory', 'layers'],
      ...['classes', 'kinds', 'standard', 'published', 'counted', 'peak', 'figures'],
    ]);
    expect(Object.keys(document.params)).toEqual(['weights', 'folded', 'trainable', 'total']);
    expect(Object.keys(document.memory)).toEqual(['weights', 'activations']);
    expect(document.layers[0]).toMatchObject({
      name: 'conv1',
      kind: 'conv',
      input: [224, 224, 3],
      output: [112, 112, 32],
      macs: 10_838_016,
      params: 992,
    });
    expect(Object.keys(document.layers[0])).toEqual([
      ...['name', 'kind', 'input', 'output', 'macs', 'params'],
      ...['kernelSize', 'stride', 'pads', 'count', 'macsShare', 'paramsShare', 'live', 'intensity', 'receptiveField'],
    ]);
    expect(document.counted).toMatchObject({ convention: 'paper', count: 568_740_352, paramsRule: 'weights' });
    expect(document.peak).toEqual({ layer: 'conv_pw_1', bytes: 4 * 112 * 112 * 96 });
  });
});

describe('mobilenet cost', () => {
  it('prints the counts, the twin, the shares and the convention', async () => {
    const text = await print();
    expect(text).toContain('MobileNet v1 · α 1.0 · 224×224 · 1,000 classes\n');
    expect(text).toMatch(/^MACs +568,740,352 +4,867,293,184 +8\.56 ×$/m);
    expect(text).toMatch(/^FLOPs +1,137,480,704 +9,734,586,368 +8\.56 ×$/m);
    expect(text).toMatch(/^parameters, trainable +4,231,976 /m);
    expect(text).toMatch(/^memory, weights \(folded, f32\) +16\.88 MB$/m);
    expect(text).toMatch(/^memory, largest live activations +4\.82 MB$/m);
    expect(text).toMatch(/^conv +10,838,016 +1\.91 % +864 +0\.02 %$/m);
    expect(text).toContain('MACs = multiply-accumulates of convolutions and dense layers, FLOPs = 2 × MACs.\n');
    expect(text).not.toContain('is not published');
  });

  it.each(networkIds)('--layers: the printed rows of %s add up to the printed totals', async (model) => {
    const text = await print({ model, alpha: '0.4', res: '97', classes: '12', layers: true });
    const lines = text.split('\n');
    const head = lines.findIndex((line) => line.startsWith('layer '));
    const total = lines.findIndex((line) => line.startsWith('total '));
    const numbers = (line: string) => line.split(/ +/).slice(-2).map(number);
    const rows = lines.slice(head + 1, total).map(numbers);
    expect(rows.length).toBeGreaterThan(10);
    const sums = [0, 1].map((column) => rows.reduce((sum, row) => sum + row[column]!, 0));
    expect(numbers(lines[total]!)).toEqual(sums);
    expect(number(/^MACs +([\d,]+)/m.exec(text)![1]!)).toBe(sums[0]);
    expect(number(/with running statistics +([\d,]+)/.exec(text)![1]!)).toBe(sums[1]);
    const ends = lines.slice(head, total + 1).map((line) => line.length);
    expect(new Set(ends).size).toBe(1);
  });

  it('says what was not published, and what was', async () => {
    expect(await print({ alpha: '0.6' })).toContain(
      'α 0.6 at 224 is not published; published: α 0.25, 0.5, 0.75, 1.0 at 128, 160, 192, 224.\n',
    );
    expect(await print({ model: 'mobilenet_v2', alpha: '1.4', res: '192' })).toContain(
      'published: α 0.35, 0.5, 0.75, 1.0 at 96, 128, 160, 192, 224; α 1.3, 1.4 at 224.\n',
    );
    expect(await print({ model: 'xception', alpha: '0.5' })).toContain(
      'Xception has no width multiplier: α 0.5 is an extension of this program.\n',
    );
  });

  it.each([
    [{ model: 'resnet' }, 'resnet: unknown network, expected one of mobilenet_v1, mobilenet_v1_full_conv, '],
    [{ alpha: '0' }, '--alpha 0: expected a number above 0'],
    [{ alpha: '17' }, 'mobilenet_v1: alpha 17, expected a number above 0 and at most 16'],
    [{ alpha: '1e999' }, '--alpha 1e999: expected a number above 0'],
    [{ alpha: '-1' }, '--alpha -1: expected a number above 0'],
    [{ alpha: 'wide' }, '--alpha wide: expected a number above 0'],
    [{ alpha: '0x1' }, '--alpha 0x1: expected a number above 0'],
    [{ alpha: '' }, '--alpha : expected a number above 0'],
    [{ res: '0' }, '--res 0: expected a whole number of pixels from 1 to 4096'],
    [{ res: '99999' }, '--res 99999: expected a whole number of pixels from 1 to 4096'],
    [{ res: '224.5' }, '--res 224.5: expected a whole number of pixels'],
    [{ res: '224px' }, '--res 224px: expected a whole number of pixels'],
    [{ classes: '0' }, '--classes 0: expected a whole number of classes, 1 or more'],
    [{ classes: '1000001' }, 'mobilenet_v1: 1000001 classes, expected a whole number from 1 to 1000000'],
    [{ classes: '-3' }, '--classes -3: expected a whole number of classes'],
    [
      { model: 'xception', res: '6' },
      'xception: block1_conv2: resolution 6 leaves a 2 × 2 map here, expected at least the 3 × 3',
    ],
  ])('refuses %o in one line, exit code 2', async (flags, message) => {
    const error = await print(flags).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(MobilenetError);
    const { exitCode, message: said } = error as MobilenetError;
    expect(exitCode).toBe(2);
    expect(said).toContain(message);
    expect(said).not.toContain('\n');
  });
});
