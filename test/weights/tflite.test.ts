import { describe, expect, it } from 'vitest';
import { resolve } from '../../src/networks/resolve.js';
import { readTflite } from '../../src/weights/formats/tflite/read.js';
import { joinModels } from '../../src/weights/graph/imported-model.js';
import { runReference } from '../reference-network.js';
import { dequantise, readTiny, readTinyGolden, type TinyName, tinyNames } from './tflite-models.js';

function read(name: TinyName) {
  return readTflite(readTiny(name), `somewhere/${name}.tflite`);
}

function run(name: TinyName) {
  const model = read(name);
  const resolved = resolve(model.network, { resolution: model.inputResolution.height, padding: model.padding });
  const maps = new Map<string, Float64Array>();
  const output = runReference(resolved, model.weights, dequantise(model, readTinyGolden(name).picture), {
    onLayer: (layer, data) => maps.set(layer.name, data),
  });
  return { model, resolved, maps, output };
}

/** Names, kinds and what else decides a layer, without what the tests of numbers cover. */
function outline(name: TinyName): string[] {
  return read(name).network.layers.map((layer) => {
    const { kind, inputs } = layer;
    const details = [
      'kernelSize' in layer ? `${layer.kernelSize}×${layer.kernelSize}` : '',
      'stride' in layer ? `/${layer.stride}` : '',
      'padding' in layer ? JSON.stringify(Object.values(layer.padding)) : '',
      'outChannels' in layer ? `→${layer.outChannels}` : '',
      'activation' in layer ? layer.activation : '',
      'bias' in layer && !layer.bias ? 'no bias' : '',
      layer.range === undefined ? '' : layer.range.map((bound) => bound.toFixed(3)).join('…'),
    ];
    return `${kind} ${layer.name} (${inputs.join(', ')}) ${details.filter((detail) => detail !== '').join(' ')}`.trim();
  });
}

describe('the graph as layers', () => {
  it('UINT8, one scale for each tensor', () => {
    expect(outline('uint8')).toEqual([
      'conv stem/out (input) 3×3 /2 [1,1,1,1] →8 relu6 0.000…6.000',
      'depthwise depth/out (stem/out) 3×3 /1 [1,1,1,1] relu6 0.000…6.000',
      'pointwise project/out (depth/out) /1 →8 linear -1.506…2.494',
      'add sum (project/out, stem/out) -2.008…5.992',
      'maxPool largest (sum) 3×3 /2 [1,1,1,1]',
      'globalAveragePool pooled (largest)',
      'dense logits/out (pooled) →6 linear -8.031…7.969',
      'softmax probabilities (logits/out)',
    ]);
  });

  it('INT8, one scale for each channel, PAD and QUANTIZE', () => {
    expect(outline('int8')).toEqual([
      'conv stem/out (input) 3×3 /2 [0,1,0,1] →6 relu6 0.000…6.000',
      'pointwise expand/out (stem/out) /1 →12 relu6 0.000…6.000',
      'depthwise depth/out (expand/out) 5×5 /1 [2,2,2,2] relu6 0.000…6.000',
      'pointwise project/out (depth/out) /1 →6 linear -1.004…0.996',
      'add sum/add (project/out, stem/out)',
      'activation sum (sum/add) relu 0.000…7.000',
      'pointwise strided/out (sum) /2 →9 linear -2.008…1.992',
      'globalAveragePool mean (strided/out) -1.004…0.996',
      'dense head/out (mean) →7 linear -5.020…4.980',
      'softmax probabilities (head/out)',
    ]);
  });

  it('FLOAT32 and FLOAT16, a fully connected layer over a flattened map, a softmax added', () => {
    expect(outline('float')).toEqual([
      'conv stem (input) 3×3 /2 [1,1,1,1] →5 relu6',
      'depthwise depth (stem) 3×3 /2 [0,1,0,1] relu',
      'activation gate (depth) sigmoid',
      'conv logits (gate) 2×2 /1 [0,0,0,0] →4 linear no bias',
      'softmax softmax (logits)',
    ]);
  });

  it('says what goes in and what comes out', () => {
    const { network, weights, ...uint8 } = read('uint8');
    expect(network).toMatchObject({ id: 'uint8', alpha: 1, classes: 6, inputChannels: 3 });
    expect(uint8).toEqual({
      format: 'tflite',
      where: 'somewhere/uint8.tflite',
      inputShape: { height: 9, width: 9, channels: 3 },
      inputResolution: { height: 9, width: 9 },
      padding: 'tensorflow',
      inputQuantisation: { scale: 1 / 128, zeroPoint: 128 },
      output: {
        shape: { height: 1, width: 1, channels: 6 },
        classes: 6,
        isProbability: true,
        head: 'exclusive',
      },
      quantised: true,
      inputIsPicture: true,
    });
    expect(read('int8').inputQuantisation).toEqual({ scale: Math.fround(1 / 127.5), zeroPoint: 127 });
    expect(read('float')).toMatchObject({
      quantised: false,
      inputQuantisation: undefined,
      output: { added: 'softmax' as const },
    });
  });

  it('does not depend on where its bytes lie, or on whose they are', () => {
    for (const name of tinyNames) {
      const bytes = readTiny(name);
      const shifted = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(5)]).subarray(3, 3 + bytes.length);
      expect(readTflite(shifted, 'x').weights).toEqual(readTflite(bytes, 'x').weights);
    }
  });

  it('has exactly the weights that its layers need', () => {
    for (const name of tinyNames) {
      const { model, resolved } = run(name);
      const needed = resolved.layers.filter((layer) => layer.parameters.length > 0);
      expect([...model.weights.keys()]).toEqual(needed.map((layer) => layer.name));
      for (const layer of needed) {
        const { weights, bias } = model.weights.get(layer.name)!;
        const found = [weights.shape, ...(bias === undefined ? [] : [bias.shape])];
        expect(found).toEqual(layer.parameters.map((parameter) => parameter.shape));
      }
    }
  });
});

describe("the numbers of TFLite's own interpreter", () => {
  // The interpreter rounds every map to 8 bits; one step of the logits' type is what that may come to.
  const steps = { uint8: 16 / 255, int8: 10 / 255 };

  it.each(['uint8', 'int8'] as const)('%s: logits within the rounding of its maps', (name) => {
    const { maps, resolved, output } = run(name);
    const { logits: expected, output: probabilities } = readTinyGolden(name);
    const logits = maps.get(resolved.layers.at(-2)!.name)!;
    expect(logits).toHaveLength(expected.length);
    logits.forEach((value, index) => {
      expect(Math.abs(value - expected[index]!), `logit ${index}`).toBeLessThanOrEqual(steps[name]);
    });
    output.forEach((value, index) => {
      expect(Math.abs(value - probabilities[index]!), `probability ${index}`).toBeLessThanOrEqual(0.01);
    });
  });

  it.each(['uint8', 'int8'] as const)('%s: without the ranges the numbers are others', (name) => {
    const { model, resolved, output } = run(name);
    const layers = resolved.layers.map(({ range, ...layer }) => layer as (typeof resolved.layers)[number]);
    const free = runReference({ ...resolved, layers }, model.weights, dequantise(model, readTinyGolden(name).picture));
    expect(Math.max(...free.map((value, index) => Math.abs(value - output[index]!)))).toBeGreaterThan(0.05);
  });

  it('float: logits to single precision', () => {
    const { maps } = run('float');
    const { logits: expected } = readTinyGolden('float');
    maps.get('logits')!.forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index]!, 5);
    });
  });
});

describe('two files in sequence', () => {
  const { network, weights, ...rest } = read('uint8');
  const cut = network.layers.findIndex((layer) => layer.name === 'pooled') + 1;
  const features = { height: 1, width: 1, channels: 8 };
  const first = {
    ...rest,
    where: 'first.tflite',
    network: { ...network, id: 'first', classes: 8, layers: network.layers.slice(0, cut) },
    weights,
    output: { shape: features, classes: 8, isProbability: false },
  };
  const second = {
    ...rest,
    where: 'second.tflite',
    // Named like a layer of the first file, to be told apart.
    network: {
      ...network,
      id: 'second',
      layers: [
        { ...network.layers[cut]!, name: 'stem/out', inputs: ['input'] },
        { ...network.layers[cut + 1]!, inputs: ['stem/out'] },
      ],
    },
    weights: new Map([['stem/out', weights.get('logits/out')!]]),
    inputShape: features,
    inputResolution: features,
    inputIsPicture: false,
  };

  it('compute what the whole does', () => {
    const joined = joinModels(first, second);
    expect(joined.where).toBe('first.tflite + second.tflite');
    expect(joined.network).toMatchObject({ id: 'first+second', classes: 6 });
    expect(joined.output).toEqual(rest.output);
    expect(joined.inputIsPicture).toBe(true);
    const resolved = resolve(joined.network, { resolution: 9 });
    const input = dequantise(joined, readTinyGolden('uint8').picture);
    expect(runReference(resolved, joined.weights, input)).toEqual(run('uint8').output);
  });

  it('leave out a softmax that only the reader added between them', () => {
    const softmax = { kind: 'softmax', name: 'softmax', inputs: ['pooled'] } as const;
    const added = {
      ...first,
      network: { ...first.network, layers: [...first.network.layers, softmax] },
      output: { ...first.output, isProbability: true, added: 'softmax' as const },
    };
    expect(joinModels(added, second).network).toEqual(joinModels(first, second).network);
  });

  it('must fit each other', () => {
    expect(() => joinModels(first, read('uint8'))).toThrow(
      'somewhere/uint8.tflite: takes 9 × 9 × 3, expected 1 × 1 × 8, what first.tflite gives',
    );
    const whole = { ...read('uint8'), output: { ...first.output, isProbability: true } };
    expect(() => joinModels(whole, second)).toThrow(
      'somewhere/uint8.tflite: ends in probabilities, expected features for second.tflite to go on from',
    );
  });
});
