import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { costOptions, runCost } from '../../src/cli/commands/cost.js';
import { runCompare } from '../../src/cli/commands/cost-compare.js';
import { comparisonOptions } from '../../src/cli/options/comparison-options.js';
import { conventionIds } from '../../src/cost/conventions.js';
import { countOnnx } from '../../src/cost/graphs/count-onnx.js';
import { countTflite } from '../../src/cost/graphs/count-tflite.js';
import { MobilenetError, ModelError, UsageError } from '../../src/errors/errors.js';
import { costFile } from '../../src/use-cases/cost-file.js';
import { parseFlags, type TypedFlags } from '../cli/parse-flags.js';
import { OnnxBuilder } from '../cost/onnx-builder.js';
import { countRows, squeezenet } from '../cost/other-networks.js';
import { sharedPath } from '../shared.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const golden = (name: string) => join(root, 'test/golden', name);
const folder = mkdtempSync(join(tmpdir(), 'cost-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function networkCost(path: string) {
  const found = await costFile(path);
  if (found.kind !== 'network') throw new Error(`${path}: ${found.record.reason}`);
  return found.record;
}

describe('files of the box', () => {
  it.each([
    ['mobilenet_v2_1.0_224', 'mobilenet_v2', 300_774_272, 3_504_872],
    ['efficientnet_b0_224', 'efficientnet_b0', 385_814_752, 5_288_548],
  ])('%s', async (name, network, macs, trainable) => {
    const record = await networkCost(join(root, `models/${name}.safetensors`));
    expect([record.network, record.macs, record.params.trainable]).toEqual([network, macs, trainable]);
    expect(record.figures.accuracies.length).toBeGreaterThan(0);
  });
});

describe('a graph counted from its tensors’ shapes gives what its layers give', () => {
  it.each(readdirSync(golden('tflite-tiny')))('%s', async (name) => {
    const path = golden(`tflite-tiny/${name}`);
    const { macs } = await networkCost(path);
    const counted = countTflite(readFileSync(path), path, '');
    expect([counted.macs, counted.notCounted]).toEqual([macs, []]);
    expect(macs).toBeGreaterThan(0);
  });

  it.each(['relu6-torchscript.onnx', 'swish-torchscript.onnx', 'relu6-dynamo.onnx'])('%s', async (name) => {
    const path = golden(`onnx-tiny/${name}`);
    const { macs } = await networkCost(path);
    const counted = countOnnx(readFileSync(path), path, '');
    expect([counted.macs, counted.notCounted]).toEqual([macs, []]);
    expect(macs).toBeGreaterThan(0);
  });
});

describe('operators that are not known', () => {
  /** A well-formed file whose `Sigmoid` is called something else. */
  function foreign(): string {
    const bytes = readFileSync(golden('onnx-tiny/swish-torchscript.onnx'));
    const text = bytes.toString('latin1').replaceAll('\x07Sigmoid', '\x07Sigmoix');
    const path = join(folder, 'foreign.onnx');
    writeFileSync(path, Buffer.from(text, 'latin1'));
    return path;
  }

  it('are listed, with what could not be counted because of them', async () => {
    const found = await costFile(foreign());
    expect(found.kind).toBe('graph');
    const whole = await networkCost(golden('onnx-tiny/swish-torchscript.onnx'));
    if (found.kind !== 'graph') return;
    const { macs, notCounted, layers } = found.record;
    expect(notCounted.map(({ operator }) => operator)).toContain('Sigmoix');
    const unknown = notCounted.filter(({ operator }) => operator.includes('size is not known'));
    expect(macs < whole.macs).toBe(unknown.length > 0);
    expect(layers.reduce((sum, layer) => sum + layer.macs, 0)).toBe(macs);
    expect(macs).toBeGreaterThan(0);
  });

  it('are in the text, before what the figures mean', async () => {
    let text = '';
    await runCost(
      { layers: true },
      (part) => {
        text += part;
      },
      foreign(),
    );
    expect(text).toMatch(/^NOT COUNTED, missing from all figures: .*Sigmoix/m);
    expect(text).toMatch(/^total +.*100\.00 %/m);
  });
});

describe('a graph counted by a convention gives what its layers give', () => {
  const files = [
    ...readdirSync(golden('tflite-tiny')).map((name) => `tflite-tiny/${name}`),
    ...['relu6-torchscript', 'swish-torchscript', 'relu6-dynamo'].map((name) => `onnx-tiny/${name}.onnx`),
  ];
  it.each(files)('%s', async (name) => {
    const path = golden(name);
    // Where the file has batch norms, they are folded in the network that is made of it.
    const isFolded = name.includes('swish-torchscript');
    // A dense layer over a flattened map is a convolution with a window as large in the network that is made of it.
    const isFlattened = name.includes('float.tflite');
    for (const convention of isFolded ? (['paper', 'keras', 'tfprofiler', 'openvino'] as const) : conventionIds) {
      const found = await costFile(path, { convention });
      if (found.kind !== 'network') throw new Error(found.record.reason);
      if (isFlattened && /tfprofiler|openvino/.test(convention)) continue;
      const { count, params } = found.record.counted;
      const countGraph = name.startsWith('onnx') ? countOnnx : countTflite;
      const { counted, notCounted } = countGraph(readFileSync(path), path, '', { convention });
      const norms = isFolded && convention === 'paper' ? 6 + 12 + 6 : 0;
      expect([convention, counted.count, notCounted]).toEqual([convention, count, []]);
      if (!isFolded || convention === 'paper') expect(counted.params).toBe(params + norms);
      expect(count).toBeGreaterThan(0);
    }
  });
});

/** SqueezeNet 1.0, whose fire modules end in concatenations: no network of this project's layers. */
function squeezenetFile(dims: readonly number[] = [0, 3, 227, 227]): Uint8Array {
  const file = new OnnxBuilder();
  let [map, channels] = ['picture', 3];
  const relu = (name: string) => file.add('Relu', [name]);
  const pool = () => {
    map = file.add('MaxPool', [map], { kernel_shape: [3, 3], strides: [2, 2] });
  };
  const fire = (squeezed: number, expanded: number) => {
    const narrow = relu(file.conv(map, channels, squeezed, 1));
    const wide = [relu(file.conv(narrow, squeezed, expanded, 1)), relu(file.conv(narrow, squeezed, expanded, 3, 1, 1))];
    map = file.add('Concat', wide, { axis: 1 });
    channels = 2 * expanded;
  };
  map = relu(file.conv(map, channels, 96, 7, 2));
  channels = 96;
  pool();
  for (const [squeezed, expanded] of [
    [16, 64],
    [16, 64],
    [32, 128],
  ] as const)
    fire(squeezed, expanded);
  pool();
  for (const [squeezed, expanded] of [
    [32, 128],
    [48, 192],
    [48, 192],
    [64, 256],
  ] as const)
    fire(squeezed, expanded);
  pool();
  fire(64, 256);
  map = relu(file.conv(map, channels, 1000, 1, 1, 1));
  // Which no layer of this project does.
  map = file.add('LRN', [map]);
  const averaged = file.add('GlobalAveragePool', [map]);
  const flat = file.add('Reshape', [averaged, file.integers([0, -1])]);
  return file.finish('picture', dims, file.add('Softmax', [flat]));
}

describe('a network that this project has no layers for', () => {
  const path = join(folder, 'squeezenet.onnx');
  const expected = countRows(squeezenet);
  writeFileSync(path, squeezenetFile());
  const print = async (flags: TypedFlags) => {
    let text = '';
    await runCost(
      parseFlags(costOptions, flags),
      (part) => {
        text += part;
      },
      path,
    );
    return text;
  };

  it('has the cost that its table of layers gives', async () => {
    const found = await costFile(path);
    expect(found).toMatchObject({
      kind: 'graph',
      record: {
        macs: expected.macs,
        params: { weights: expected.weights, bias: expected.biases, trainable: expected.weights + expected.biases },
        notCounted: [],
        input: [1, 3, 227, 227],
      },
    });
  });

  it.each([
    // Elements read by the pool at the end: 15 · 15 · 1000.
    [{ convention: 'fvcore' }, expected.macs + 225_000],
    [{ convention: 'thop' }, expected.macs],
    [{ flopsPerMac: '2' }, 2 * expected.macs],
    [{ countPool: true, countBn: true }, expected.macs + 225_000 + 96 * 111 ** 2 + 256 * 55 ** 2 + 512 * 27 ** 2],
    [{ countBias: true }, expected.macs + squeezenet.reduce((sum, [side, , , out]) => sum + side * side * out, 0)],
  ] as const)('%o', async (flags, count) => {
    const { counted, macs } = JSON.parse(await print({ ...flags, json: true }));
    expect([counted.count, macs]).toEqual([count, expected.macs]);
    expect(await print(flags)).toContain(counted.definition);
  });

  it.each(['kind', 'block', 'stage'])('--by %s: rows add up', async (by) => {
    const [head, ...rows] = (await print({ by, csv: true })).trimEnd().split('\n');
    expect(head).toBe('group,layers,MACs,MACs share,weights,parameters,parameters share');
    const numbers = rows.map((row) => row.split(',').slice(1).map(Number));
    const total = numbers.pop()!;
    for (const column of [0, 1, 3, 4]) expect(numbers.reduce((sum, row) => sum + row[column]!, 0)).toBe(total[column]);
    expect(total[1]).toBe(expected.macs);
    if (by === 'stage')
      expect(rows.map((row) => row.split(',')[0])).toEqual(['111×111', '55×55', '27×27', '13×13', '15×15', 'total']);
  });

  it('--csv, --md and --layers', async () => {
    expect(await print({ csv: true })).toContain(`MACs,${expected.macs}\n`);
    const layers = (await print({ csv: true, layers: true, convention: 'ptflops' })).split('\n');
    expect(layers[0]).toBe('layer,operator,output,counted,MACs share,MACs,parameters');
    expect(layers.some((line) => /^MaxPool\d+,MaxPool,1×96×55×55,1182816,0,0,0$/.test(line))).toBe(true);
    expect(await print({ md: true, layers: true })).toMatch(/^\| Conv\d+ \| Conv \| 1×96×111×111 \| 20\.19 % \|/m);
  });

  it('of the size that the file says', async () => {
    await expect(print({ res: '100' })).rejects.toThrow('takes 227×227 pixels; leave --res out');
    await expect(print({ measure: true })).rejects.toThrow('is only counted; choose a network with --model');
    // Left open it is 224: maps of 109, 54, 26, 12 and, padded, 14.
    const open = join(folder, 'open.onnx');
    writeFileSync(open, squeezenetFile([0, 3, 0, 0]));
    const found = [await costFile(open, { resolution: 227 }), await costFile(open)];
    expect(found.map(({ record }) => record.macs)).toEqual([expected.macs, 803_845_152]);
  });

  it('of a picture whose channels come last, as in files made from TensorFlow models', async () => {
    const file = new OnnxBuilder();
    const picture = file.add('Transpose', ['picture'], { perm: [0, 3, 1, 2] });
    const path = join(folder, 'channels-last.onnx');
    const output = file.add('Whatever', [file.conv(picture, 3, 8, 3)]);
    writeFileSync(path, file.finish('picture', [1, 32, 32, 3], output));
    expect((await costFile(path, { resolution: 32 })).record.macs).toBe(30 * 30 * 27 * 8);
    await expect(costFile(path, { resolution: 64 })).rejects.toThrow('takes 32×32 pixels');
  });

  it('--plot', async () => {
    await print({ plot: join(folder, 'graph.svg'), convention: 'fvcore' });
    const svg = readFileSync(join(folder, 'graph.svg'), 'utf8');
    expect(svg).toContain('>MACs as fvcore counts</text>');
    expect(svg).toContain('>squeezenet.onnx, operator by operator</text>');
    expect(svg.match(/class="mark"/g)!.length).toBe(3 * 26 + 1);
  });

  it('is reported where a size is not known, by what would count it', async () => {
    const file = new OnnxBuilder();
    const shape = file.add('NonZero', ['picture']);
    const unknown = file.add('Reshape', ['picture', shape]);
    const map = file.add('GlobalAveragePool', [file.add('Relu', [file.conv(unknown, 3, 8, 3)])]);
    writeFileSync(join(folder, 'unknown.onnx'), file.finish('picture', [1, 3, 32, 32], map));
    const notCounted = async (options: Parameters<typeof costFile>[1]) => {
      const found = await costFile(join(folder, 'unknown.onnx'), options);
      return (
        found.record.macs === 0 && found.kind === 'graph' && found.record.notCounted.map(({ operator }) => operator)
      );
    };
    expect(await notCounted({})).toEqual(['NonZero', 'Conv (its input’s size is not known)']);
    expect(await notCounted({ convention: 'fvcore' })).toContain('GlobalAveragePool (its size is not known)');
    expect(await notCounted({ convention: 'ptflops' })).toContain('Relu (its size is not known)');
  });
});

describe('shapes that exporters compute', () => {
  const macsOf = (build: (file: OnnxBuilder) => string) => {
    const file = new OnnxBuilder();
    const output = build(file);
    const { macs, notCounted } = countOnnx(file.finish('x', [1, 8, 16, 16], output), 'f', '');
    return [macs, notCounted.length];
  };

  it('reshapes by lists cut out of shapes, with what is left', () => {
    expect(
      macsOf((file) => {
        const batch = file.add('Gather', [file.add('Shape', ['x']), file.integers([0])], { axis: 0 });
        const wanted = file.add('Concat', [batch, file.integers([-1])], { axis: 0 });
        return file.add('Gemm', [file.add('Reshape', ['x', wanted]), file.weights([10, 2048])], { transB: 1 });
      }),
    ).toEqual([20_480, 0]);
  });

  it('of more than eight dimensions are refused', () => {
    const build = (axes: number) => (file: OnnxBuilder) =>
      file.add('Unsqueeze', ['x', file.integers(Array.from({ length: axes }, (_, axis) => axis))]);
    expect(macsOf(build(4))).toEqual([0, 0]);
    expect(() => macsOf(build(5))).toThrow(/has 9 dimensions, expected at most 8/);
  });

  it('shuffles channels', () => {
    expect(
      macsOf((file) => {
        const split = file.add('Reshape', ['x', file.integers([1, 2, 4, 16, 16])]);
        const turned = file.add('Transpose', [split], { perm: [0, 2, 1, 3, 4] });
        return file.conv(file.add('Reshape', [turned, file.integers([1, -1, 16, 16])]), 8, 8, 3, 2, 1, 8);
      }),
    ).toEqual([8 * 8 * 8 * 9, 0]);
  });

  it('cuts maps, by steps too', () => {
    expect(
      macsOf((file) => {
        const half = [file.integers([4]), file.integers([8]), file.integers([1])];
        const step = [file.integers([0, 0]), file.integers([-1, 9999]), file.integers([2, 3]), file.integers([2, 2])];
        return file.conv(file.add('Slice', [file.add('Slice', ['x', ...half]), ...step]), 4, 2, 1);
      }),
    ).toEqual([8 * 8 * 4 * 2, 0]);
  });

  it('joins as many maps as a dense block has', () => {
    expect(
      macsOf((file) => file.conv(file.add('Concat', Array<string>(24).fill('x'), { axis: 1 }), 24 * 8, 1, 1)),
    ).toEqual([16 * 16 * 24 * 8, 0]);
  });

  it('pads, squeezes and unsqueezes', () => {
    expect(
      macsOf((file) => {
        const padded = file.add('Pad', ['x', file.integers([0, 0, 0, 0, 0, 0, 1, 1])]);
        const mean = file.add('ReduceMean', [file.conv(padded, 8, 4, 3, 2)], { axes: [2, 3], keepdims: 0 });
        const back = file.add('Unsqueeze', [mean, file.integers([2, 3])]);
        const flat = file.add('Squeeze', [file.conv(back, 4, 2, 1), file.integers([2, 3])]);
        return file.add('MatMul', [flat, file.weights([2, 5])]);
      }),
    ).toEqual([8 * 8 * 4 * 72 + 8 + 10, 0]);
  });
});

describe('cost compare takes files', () => {
  const path = join(folder, 'squeezenet.onnx');
  const box = join(root, 'models/mobilenet_v2_1.0_224.safetensors');
  const compare = async (specs: readonly string[], flags: TypedFlags = {}) => {
    let text = '';
    await runCompare(specs, parseFlags(comparisonOptions, flags), (part) => {
      text += part;
    });
    return text;
  };

  it('beside networks', async () => {
    const rows = JSON.parse(await compare(['mobilenet_v1:0.75:192', box, path], { json: true }));
    expect(rows.map((row: { network: string }) => row.network)).toEqual(['mobilenet_v1', 'mobilenet_v2', 'squeezenet']);
    expect(rows[1]).toMatchObject({ alpha: 1, resolution: 224, macs: 300_774_272, params: 3_504_872, file: box });
    expect(rows[2]).toMatchObject({
      ...{ alpha: null, resolution: 227, macs: 861_339_936, params: 1_248_424, top1: null, notCounted: [] },
      memory: { weights: 4 * 1_248_424, activations: null },
    });
    const text = await compare(['mobilenet_v1:0.75:192', path]);
    expect(text.split('\n')[2]).toMatch(
      /squeezenet\.onnx +227 +861,339,936 +1,722\.7 M +1,248,424 +4\.99 MB +3\.60 +0\.48$/,
    );
  });

  it('counted alike', async () => {
    const [v2, own] = JSON.parse(await compare(['mobilenet_v2', path], { json: true, convention: 'fvcore' }));
    expect([v2.count, own.count]).toEqual([314_193_216, 861_339_936 + 225_000]);
  });

  it('and lists what is not counted in one', async () => {
    const file = new OnnxBuilder();
    const output = file.add('Whatever', [file.conv('x', 3, 8, 3)]);
    writeFileSync(join(folder, 'odd.onnx'), file.finish('x', [1, 3, 32, 32], output));
    expect(await compare([join(folder, 'odd.onnx')])).toMatch(
      /odd\.onnx: NOT COUNTED, missing from all figures: Whatever\.$/m,
    );
  });

  it('draws those with a published top-1', async () => {
    await compare([box, path, 'xception'], { plot: join(folder, 'compare.svg') });
    const svg = readFileSync(join(folder, 'compare.svg'), 'utf8');
    expect(svg).toContain('not shown: 1 without a published top-1');
    expect(svg.match(/class="mark bubble/g)!.length).toBe(2);
  });

  it.each([
    [['absent.onnx'], {}, 4, 'absent.onnx: no such file'],
    [['some/where'], {}, 4, 'some/where: no such file'],
    [['resnet'], {}, 2, 'resnet: unknown network, expected one of '],
    [['mobilenet_v2:1.0:160:2'], {}, 2, 'expected NETWORK, NETWORK:ALPHA'],
    [[join(root, 'README.md')], {}, 4, 'README.md: '],
    [[path], { classes: '10' }, 2, '--classes: cannot be combined with a file'],
  ] as const)('refuses %j %o', async (specs, flags, exitCode, message) => {
    const error = await compare(specs, flags).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MobilenetError);
    expect((error as MobilenetError).exitCode).toBe(exitCode);
    expect((error as MobilenetError).message).toContain(message);
    expect((error as MobilenetError).message).not.toContain('\n');
  });
});

describe('refusals', () => {
  it.each([
    ['absent.onnx', 'no such file'],
    ['package.json', ''],
    ['README.md', ''],
  ])('%s', async (name, message) => {
    const error = await costFile(join(root, name)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).message).toContain(message);
    expect((error as ModelError).message).not.toContain('\n');
  });

  it('a size that the file leaves open', async () => {
    const builder = new OnnxBuilder();
    const path = join(folder, 'open.onnx');
    writeFileSync(path, builder.finish('x', [1, 3, 0, 0], builder.conv('x', 3, 8, 3, 2, 1)));
    const record = async (resolution?: number) => (await costFile(path, resolution ? { resolution } : {})).record;
    expect((await record()).macs).toBe(112 * 112 * 27 * 8);
    expect((await record(96)).macs).toBe(48 * 48 * 27 * 8);
  });

  it('weights that two operators share, once', async () => {
    const builder = new OnnxBuilder();
    const weights = builder.weights([8, 8, 3, 3]);
    const pads = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    const first = builder.add('Conv', ['x', weights], pads);
    // No layer of this project's, so that the graph is counted by itself.
    const second = builder.add('Conv', [builder.add('HardSwish', [first]), weights], pads);
    const path = join(folder, 'shared.onnx');
    writeFileSync(path, builder.finish('x', [1, 8, 4, 4], second));
    const { record } = await costFile(path);
    expect([record.macs, record.params.weights]).toEqual([2 * 16 * 8 * 72, 8 * 72]);
  });

  it('options that contradict a file', async () => {
    const path = golden('tflite-tiny/float.tflite');
    await expect(runCost({ alpha: 0.5 }, () => {}, path)).rejects.toThrow(UsageError);
    await expect(runCost({ resolution: 999 }, () => {}, path)).rejects.toThrow(/leave --res out/);
  });
});

const shared = [
  ['coral_tflite/mobilenet_v1_0.25_128_quant.tflite', 'mobilenet_v1', 0.25, 13_570_048 + 256],
  ['coral_tflite/mobilenet_v1_0.5_160_quant.tflite', 'mobilenet_v1', 0.5, 76_524_800 + 512],
  ['coral_tflite/mobilenet_v2_1.0_224_quant.tflite', 'mobilenet_v2', 1, 300_774_272 + 1280],
  ['hosted_tflite/mobilenet_v2_0_5_96_quant.tflite', 'mobilenet_v2', 0.5, 18_885_440 + 1280],
] as const;

describe.skipIf(!sharedPath('weights'))('published files (1001 classes)', () => {
  it.each(shared)('%s', async (name, network, alpha, macs) => {
    const path = sharedPath(`weights/${name}`)!;
    const record = await networkCost(path);
    expect([record.network, record.alpha, record.macs]).toEqual([network, alpha, macs]);
    expect(countTflite(readFileSync(path), path, '')).toMatchObject({ macs, notCounted: [] });
  });

  it('a model of an operator of its own', async () => {
    const found = await costFile(sharedPath('weights/coral_tflite/invalid_models/model_invoking_error.tflite')!);
    expect(found).toMatchObject({
      kind: 'graph',
      record: { macs: 0, notCounted: [{ operator: 'custom "fake-op-double"', times: 1 }] },
    });
  });
});
