import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { runCost } from '../../src/cli/cost.js';
import { costFile } from '../../src/cost-file.js';
import { countOnnx } from '../../src/count-onnx.js';
import { countTflite } from '../../src/count-tflite.js';
import { ModelError, UsageError } from '../../src/errors.js';
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
    const counted = countTflite(readFileSync(path), path, '', 2);
    expect([counted.macs, counted.notCounted]).toEqual([macs, []]);
    expect(macs).toBeGreaterThan(0);
  });

  it.each(['relu6-torchscript.onnx', 'swish-torchscript.onnx', 'relu6-dynamo.onnx'])('%s', async (name) => {
    const path = golden(`onnx-tiny/${name}`);
    const { macs } = await networkCost(path);
    const counted = countOnnx(readFileSync(path), path, '', { flopsPerMac: 2 });
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
    expect(text).toMatch(/^NOT COUNTED, in none of the figures: .*Sigmoix/m);
    expect(text).toMatch(/^total +.*100\.00 %/m);
  });

  it('have no convention', async () => {
    await expect(runCost({ convention: 'fvcore' }, () => {}, foreign())).rejects.toThrow(
      /--convention: .* expected no --convention/,
    );
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

  it('options that contradict a file', async () => {
    const path = golden('tflite-tiny/float.tflite');
    await expect(runCost({ alpha: '0.5' }, () => {}, path)).rejects.toThrow(UsageError);
    await expect(runCost({ res: '999' }, () => {}, path)).rejects.toThrow(/expected the same or no --res/);
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
    expect(countTflite(readFileSync(path), path, '', 2)).toMatchObject({ macs, notCounted: [] });
  });

  it('a model of an operator of its own', async () => {
    const found = await costFile(sharedPath('weights/coral_tflite/invalid_models/model_invoking_error.tflite')!);
    expect(found).toMatchObject({
      kind: 'graph',
      record: { macs: 0, notCounted: [{ operator: 'custom "fake-op-double"', times: 1 }] },
    });
  });
});
