import { describe, expect, it } from 'vitest';
import { costOptions, runCost } from '../../src/cli/commands/cost.js';
import { runCompare } from '../../src/cli/commands/cost-compare.js';
import { explainOptions, runExplain } from '../../src/cli/commands/cost-explain.js';
import { runSweep, sweepOptions } from '../../src/cli/commands/cost-sweep.js';
import { comparisonOptions } from '../../src/cli/options/comparison-options.js';
import { conventionIds } from '../../src/cost/conventions.js';
import { MobilenetError } from '../../src/errors/errors.js';
import { parseFlags, type TypedFlags } from '../cli/parse-flags.js';

async function printed(run: (print: (text: string) => void) => Promise<void>): Promise<string> {
  let text = '';
  await run((part) => {
    text += part;
  });
  return text;
}

const cost = (flags: TypedFlags = {}) => printed(async (print) => runCost(parseFlags(costOptions, flags), print));
const compare = (specs: readonly string[], flags: TypedFlags = {}) =>
  printed(async (print) => runCompare(specs, parseFlags(comparisonOptions, flags), print));
const sweep = (flags: TypedFlags = {}) => printed(async (print) => runSweep(parseFlags(sweepOptions, flags), print));
const explain = (flags: TypedFlags = {}) =>
  printed(async (print) => runExplain(parseFlags(explainOptions, flags), print));

async function refusal(run: Promise<unknown>): Promise<MobilenetError> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MobilenetError);
  return error as MobilenetError;
}

describe('mobilenet cost --convention', () => {
  it.each(conventionIds)('%s prints its definition', async (convention) => {
    const text = await cost({ model: 'mobilenet_v2', convention });
    const { counted } = JSON.parse(await cost({ model: 'mobilenet_v2', convention, json: true }));
    expect(counted.convention).toBe(convention);
    if (convention !== 'paper') expect(text.trimEnd().split('\n').at(-1)).toBe(counted.definition);
  });

  it.each([
    [{ convention: 'fvcore' }, 314_193_216],
    [{ convention: 'ptflops' }, 320_300_008],
    [{ convention: 'thop' }, 327_486_720],
    [{ flopsPerMac: '2' }, 601_548_544],
    [{ countBn: true, countPool: true }, 314_193_216],
    [{ countBias: true }, 300_775_272],
    [{ convention: 'fvcore', flopsPerMac: '2' }, 314_193_216 + 300_774_272],
  ] as const)('%o counts %d in MobileNet v2', async (flags, count) => {
    const { counted, macs } = JSON.parse(await cost({ model: 'mobilenet_v2', ...flags, json: true }));
    expect(counted.count).toBe(count);
    expect(macs).toBe(300_774_272);
  });

  it('takes 1001 classes where the source has them, and what the user says', async () => {
    const openvino = JSON.parse(await cost({ model: 'mobilenet_v2', convention: 'openvino', json: true }));
    expect([openvino.classes, openvino.counted.params]).toEqual([1001, 3_489_097]);
    const own = JSON.parse(await cost({ model: 'mobilenet_v2', convention: 'openvino', classes: '1000', json: true }));
    expect([own.classes, own.counted.params]).toEqual([1000, 3_487_816]);
    const total = JSON.parse(await cost({ convention: 'slim', params: 'total', json: true }));
    expect(total.counted.params).toBe(4_254_889);
    expect(total.counted.definition).toContain('Changed: parameters: total.');
  });

  it('--flops-per-mac 1', async () => {
    const { macs, flops } = JSON.parse(await cost({ flopsPerMac: '1', json: true }));
    expect(flops).toBe(macs);
    expect(await cost({ flopsPerMac: '1' })).toContain('FLOPs = 1 × MACs');
  });
});

describe('mobilenet cost prints published figures beside computed ones', () => {
  it('and why they differ', async () => {
    const text = await cost({ alpha: '0.75' });
    expect(text).toMatch(
      /^MACs +317 M += {2,}317\.27 M +TF-slim .*: without the first convolution; plain MACs are 325\.40 M$/m,
    );
    expect(text).toMatch(/^floats +68\.4 % +88\.2 % +TF-slim mobilenet_v1\.md, 2018_02_22$/m);
    expect(await cost()).toContain('“1.19 % of the MACs in the 3×3 convolution”; 1.91 %');
    expect(await cost({ alpha: '0.25', res: '192' })).toMatch(/^MACs +34 M +≠ +30\.21 M /m);
    expect(await cost({ model: 'mobilenet_v2' })).toMatch(/^ *73\.8 ms +Pixel 1 /m);
  });
});

describe('mobilenet cost --by', () => {
  it.each(['kind', 'block', 'stage'])('%s: rows add up', async (by) => {
    const csv = await cost({ by, csv: true });
    const [head, ...rows] = csv.trimEnd().split('\n');
    expect(head).toBe('group,layers,MACs,MACs share,weights,parameters,parameters share');
    const numbers = rows.map((row) => row.split(',').slice(1).map(Number));
    const total = numbers.pop()!;
    for (const column of [0, 1, 3, 4]) {
      expect(numbers.reduce((sum, row) => sum + row[column]!, 0)).toBe(total[column]);
    }
    expect([total[1], total[4]]).toEqual([568_740_352, 4_253_864]);
  });
});

describe('machine formats', () => {
  it('--layers --csv has a line for each layer, numbers in full', async () => {
    const lines = (await cost({ layers: true, csv: true })).trimEnd().split('\n');
    expect(lines.length).toBe(1 + 30 + 1);
    expect(lines[0]).toBe(
      'layer,kind,input,output,kernel,pads,field,eff. stride,live bytes,MAC/byte,MACs share,parameters share,MACs,parameters',
    );
    expect(lines[14]).toMatch(/^conv_dw_7,depthwise,14×14×512,14×14×512,3×3\/1,1,91,16,802816,.*,903168,6656$/);
  });

  it('--md is tables of equal width', async () => {
    const text = await cost({ md: true, layers: true });
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(rows.length).toBeGreaterThan(40);
    expect(text).toContain('| conv\\_dw\\_7 | depthwise | 14×14×512 |');
  });

  it('two at once are refused', async () => {
    const { exitCode, message } = await refusal(cost({ json: true, md: true }));
    expect([exitCode, message]).toEqual([2, '--json --md: expected only one of them']);
  });
});

describe('mobilenet cost compare', () => {
  it('puts rows against the first', async () => {
    const specs = ['mobilenet_v1:0.75:192', 'mobilenet_v2:1.0:160', 'xception'];
    const text = await compare(specs);
    expect(text).toMatch(/^mobilenet_v1 +0\.75 +192 +239,273,472 .* 67\.2 +1\.00 +1\.00$/m);
    expect(text).toMatch(/^mobilenet_v2 +1\.0 +160 +154,083,200 .* 68\.8 +0\.64 +1\.36$/m);
    expect(text).toMatch(/^xception +1\.0 +299 +8,357,403,496 .* 79\.0 +34\.93 +8\.84$/m);
    const rows = JSON.parse(await compare(specs, { json: true }));
    expect(Object.keys(rows[0])).toEqual([
      ...['network', 'alpha', 'resolution', 'macs', 'flops', 'count', 'params', 'memory'],
      ...['top1', 'top1Source', 'published'],
    ]);
  });

  it('--others: against the first row too', async () => {
    const text = await compare(['mobilenet_v1'], { others: true, convention: 'fvcore' });
    expect(text).toMatch(/^AlexNet +720 M +60 M +57\.2 +1\.27 +14\.18 +arXiv:1704\.04861, table 9$/m);
    expect(text).toMatch(/^Inception V3 +23,626,728 +78\.2 +5\.58 +arXiv:1610\.02357/m);
  });

  it('counts by a convention, and says which', async () => {
    const text = await compare(['mobilenet_v2'], { convention: 'fvcore' });
    expect(text).toMatch(/^mobilenet_v2 .* 300,774,272 +314,193,216 /m);
    expect(text).toContain('counted, parameters: fvcore, timm: ');
  });
});

describe('mobilenet cost sweep', () => {
  it('says how parameters are counted, once', async () => {
    const text = (flags: TypedFlags) => sweep({ models: 'mobilenet_v1', alphas: '1', ...flags });
    expect((await text({})).match(/parameters: \w+/g)).toEqual(['parameters: trainable']);
    const total = await text({ params: 'total' });
    expect(total).toContain('4,253,864');
    expect(total).not.toContain('parameters: trainable.');
    expect(total).toContain('Changed: parameters: total.');
  });

  it('prints the papers’ grids', async () => {
    const rows = JSON.parse(await sweep({ json: true }));
    expect(rows.length).toBe(16 + 30);
  });

  it('--budget and --pareto', async () => {
    const flags = { budget: 'macs<100M,params<2M', pareto: true };
    const lines = (await sweep(flags)).split('\n');
    expect(lines[1]).toMatch(/^mobilenet_v2 +0\.5 +224 +97,131,840 .* 65\.4 +●$/);
    expect(await sweep({ budget: 'macs<1' })).toContain('Nothing fits the budget.');
  });

  it('--others: as printed, below what is computed, and not passed off as that', async () => {
    const text = await sweep({ others: true });
    expect(text).toMatch(/^VGG 16 +15300 M +138 M +71\.5 +arXiv:1704\.04861, table 8$/m);
    expect(text).toContain('as printed there, not computed here.\n');
    expect(text).toContain('\nSqueezeNet: its layers give 861.34 M');
    const rows = JSON.parse(await sweep({ others: true, json: true }));
    expect(rows.length).toBe(16 + 30 + 8);
    expect(rows.filter((row: { printed?: unknown }) => row.printed === undefined).length).toBe(16 + 30);
    expect(rows.at(-1)).toMatchObject({ network: 'Inception V3', macs: null, printed: { params: '23,626,728' } });
    const within = await sweep({ others: true, budget: 'macs<600M,top1>72', csv: true });
    expect(
      within
        .trimEnd()
        .split('\n')
        .map((line) => line.split(',')[0]),
    ).toEqual([...['network', 'mobilenet_v2', 'mobilenet_v2', 'ShuffleNet (x2)', 'NasNet-A']]);
    const none = await sweep({ others: true, budget: 'alpha<0.1' });
    expect(none).not.toContain('VGG');
  });

  it('takes lists', async () => {
    const flags = { models: 'xception, efficientnet_b0', alphas: '1,0.5', res: '128', csv: true };
    const lines = (await sweep(flags)).trimEnd().split('\n');
    expect(lines.map((line) => line.split(',').slice(0, 3).join())).toEqual([
      'network,α,pixels',
      ...['xception,1,128', 'xception,0.5,128', 'efficientnet_b0,1,128', 'efficientnet_b0,0.5,128'],
    ]);
  });

  it.each([
    [{ models: 'resnet' }, 'resnet: unknown network'],
    [{ alphas: '1,x' }, '--alphas 1,x: expected'],
    [{ res: '0' }, '--res 0: expected'],
    [{ budget: 'macs' }, '--budget macs: expected one of macs, flops'],
    [{ plot: 'x.gif' }, '--plot x.gif: expected a name that ends in .svg or .png or .html'],
    [{ alphas: Array(101).fill('1').join(), res: Array(101).fill('32').join() }, 'expected at most 10000'],
  ])('refuses %o', async (flags, message) => {
    const error = await refusal(sweep(flags));
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(message);
  });
});

describe('mobilenet cost explain', () => {
  it('is table 3 by default', async () => {
    const text = await explain();
    for (const [name, macs, weights] of [
      ['standard convolution', '462', '2.36'],
      ['depthwise separable', '52.3', '0.27'],
      ['width multiplier α = 0.75', '29.6', '0.15'],
      ['resolution multiplier ρ = 0.714', '15.1', '0.15'],
    ]) {
      expect(text.split('\n').find((line) => line.startsWith(`${name} `))).toMatch(
        new RegExp(` ${macs!.replace('.', '\\.')} .* ${weights!.replace('.', '\\.')}$`),
      );
    }
    expect(text).toContain('= 1/512 + 1/3²');
  });

  it('takes numbers, which give the same', async () => {
    const numbers = { dk: '3', m: '512', n: '512', df: '14', json: true };
    const own = JSON.parse(await explain(numbers));
    const layer = JSON.parse(await explain({ layer: 'conv_pw_7', json: true }));
    expect({ ...own, layer: layer.layer }).toEqual(layer);
  });

  it.each([
    [{ dk: '3' }, 'needs all of --dk, --m, --n and --df'],
    [{ dk: '3', layer: 'conv1' }, '--layer: cannot be combined with --dk'],
    [{ layer: 'conv1' }, 'no half of a separable convolution'],
    [{ alpha: '-1' }, '--alpha -1: expected'],
  ])('refuses %o', async (flags, message) => {
    const error = await refusal(explain(flags));
    expect([error.exitCode, error.message]).toEqual([2, expect.stringContaining(message)]);
  });
});

it('mobilenet cost --params shows what it changes', async () => {
  const text = await cost({ params: 'folded' });
  expect(text).toMatch(/parameters as paper counts +4,221,032\b/);
});

it('mobilenet cost --measure: the time of a residual block’s end is the projection’s', async () => {
  const record = JSON.parse(await cost({ model: 'mobilenet_v2', alpha: '0.35', res: '96', measure: true, json: true }));
  const find = (name: string) => record.layers.find((layer: { name: string }) => layer.name === name);
  expect(find('block_2_project').ms).toBeGreaterThan(0);
  expect(find('block_2_add').ms).toBeNull();
});

it('mobilenet cost explain takes widths as the network has them with that α', async () => {
  const flags = { model: 'mobilenet_v2', layer: 'block_3_depthwise', json: true };
  const { steps } = JSON.parse(await explain(flags));
  expect(steps[2].block).toEqual({ dk: 3, m: 144, n: 24, df: 28 });
  expect(steps[2].macs.value).toBe(3_725_568);
});
