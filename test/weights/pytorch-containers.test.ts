import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pytorch } from '../../src/weights/families/pytorch.js';
import { readPyTorch } from '../../src/weights/formats/pytorch/read.js';
import { toFloat32 } from '../../src/weights/half.js';
import type { NamedTensors, Tensor } from '../../src/weights/types.js';
import { modelErrorOf } from './golden.js';

/** Made by test/golden/pytorch_containers.py. */
const folder = fileURLToPath(new URL('../golden/pytorch-containers/', import.meta.url));
type Figures = Readonly<Record<string, { readonly shape: readonly number[]; readonly sum: number }>>;
const figures = JSON.parse(readFileSync(join(folder, '../pytorch-containers.json'), 'utf8')) as Figures;

/** Names that a MobileNetV2 of torchvision has. */
const ANCHORS = ['features.0.0.weight', 'classifier.1.weight'];

function read(name: string): NamedTensors {
  return pytorch.unwrap!(readPyTorch(new Uint8Array(readFileSync(join(folder, name))), name), ANCHORS);
}

function sumOf({ data }: Tensor): number {
  return toFloat32(data).reduce((a, b) => a + b, 0);
}

describe('the weights of a network in what training saves', () => {
  it.each([
    ['tutorial.pt'],
    ['lightning.ckpt'],
    ['beside.pth'],
    ['average.pth'],
    ['compiled.pth'],
    ['whole.pth'],
    ['whole-wrapped.pth'],
    ['script.pt'],
  ])('%s', (name) => {
    const tensors = read(name);
    expect([...tensors.keys()].filter((key) => pytorch.rename(key) !== undefined).sort()).toEqual(
      Object.keys(figures).sort(),
    );
    for (const [key, { shape, sum }] of Object.entries(figures)) {
      expect(tensors.get(key)!.shape).toEqual(shape);
      expect(sumOf(tensors.get(key)!)).toBeCloseTo(sum, 1);
    }
  });

  it.each([
    ['two.pth', /holds several sets of weights \("generator" and "discriminator"\)/],
    ['sigmoid.pth', /a whole model with the class "torch\.nn\.modules\.activation\.Sigmoid"|"torch\.nn/],
    ['optimizer.pth', /no tensors by name/],
  ])('%s is refused', (name, message) => {
    expect(modelErrorOf(() => read(name))?.message).toMatch(message);
    expect(modelErrorOf(() => read(name))?.message).toMatch(/torch\.(save|onnx)/);
  });
});

it('two copies of one rank are left as they are, for nobody to choose', () => {
  const tensor = { shape: [1], data: new Float32Array(1) };
  const names = ANCHORS.flatMap((name) => [`student.${name}`, `teacher.${name}`]);
  const tensors = new Map(names.map((name) => [name, tensor]));
  expect([...pytorch.unwrap!(tensors, ANCHORS).keys()]).toEqual(names);
});
