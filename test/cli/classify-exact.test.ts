import { describe, expect, it } from 'vitest';
import { mobilenet } from './run.js';

const boats = 'test/photos/boats.jpg';
const uint8 = 'test/golden/tflite-tiny/uint8.tflite';
const int8 = 'test/golden/tflite-tiny/int8.tflite';
const float = 'test/golden/tflite-tiny/float.tflite';

describe('mobilenet classify of a quantised TFLite file', () => {
  it.each([uint8, int8])('%s: probabilities are the steps of 8 bits, with --exact or nothing', (weights) => {
    const { stdout, stderr, code } = mobilenet('classify', '--json', '--weights', weights, boats);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { model, images } = JSON.parse(stdout);
    expect(model.dtype).toBe('exact');
    const [{ predictions }] = images;
    expect(predictions).toHaveLength(5);
    for (const { probability } of predictions) {
      expect(probability).toBe(Math.round((Math.round(probability * 256) / 256) * 1e6) / 1e6);
    }
    const asked = JSON.parse(mobilenet('classify', '--exact', '--json', '--weights', weights, boats).stdout);
    expect(asked.model).toEqual(model);
    expect(asked.images[0].predictions).toEqual(predictions);
    for (const options of [['--fast'], ['--dtype', 'f32']]) {
      const real = JSON.parse(mobilenet('classify', '--json', ...options, '--weights', weights, boats).stdout);
      expect(real.model.dtype).toBe('f32');
      expect(real.images[0].predictions[0].index).toBe(predictions[0].index);
      expect(real.images[0].predictions[0].probability).not.toBe(predictions[0].probability);
    }
    const fast = JSON.parse(mobilenet('classify', '--json', '--dtype', 'int8', '--weights', weights, boats).stdout);
    expect(fast.model.dtype).toBe('int8');
  });

  it.each([
    [[], '--exact: mobilenet_v2_1.0_224.safetensors computes in floats, expected a quantised .tflite file'],
    [['--weights', float], `--exact: ${float} computes in floats, expected a quantised .tflite file`],
    [['--weights', uint8, '--fast'], '--exact: cannot be combined with --fast, which computes in floats'],
    [['--weights', uint8, '--dtype', 'f32'], '--exact: cannot be combined with --dtype f32'],
  ])('--exact with %j is wrong usage', (options, message) => {
    expect(mobilenet('classify', '--exact', ...options, boats)).toEqual({
      stdout: '',
      stderr: `mobilenet: ${message}\n`,
      code: 2,
    });
  });

  it('says where integers cannot be computed and floats are', () => {
    const { resolution } = JSON.parse(mobilenet('classify', '--json', '--weights', int8, boats).stdout).model;
    const options = ['--res', `${resolution + 4}`, '--weights', int8];
    const { stdout, stderr, code } = mobilenet('classify', '--json', ...options, boats);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).model.dtype).toBe('f32');
    expect(stderr).toContain(
      `${int8} is computed in floats, not in TFLite's integers: it is stored for ${resolution}×${resolution}`,
    );
    expect(mobilenet('classify', '--json', '--fast', ...options, boats).stderr).toBe('');
  });

  it('embeds in floats', () => {
    const rows = (...options: string[]) => {
      const { stdout, stderr, code } = mobilenet('embed', '--weights', int8, ...options, boats);
      expect([code, stderr]).toEqual([0, '']);
      return JSON.parse(stdout);
    };
    const { vector } = rows();
    expect(vector.length).toBeGreaterThan(0);
    expect(vector).toEqual(rows('--dtype', 'f32').vector);
  });

  it.each([uint8, int8])('%s: the same on several threads, in lanes and with decode processes', (weights) => {
    const rows = (...options: string[]) => {
      const pictures = ['test/photos/boats.jpg', 'test/photos/alps.jpg'];
      const { stdout, code } = mobilenet(
        'classify',
        '--exact',
        '--json',
        '--weights',
        weights,
        ...options,
        ...pictures,
      );
      expect(code).toBe(0);
      const { images } = JSON.parse(stdout) as { images: { predictions: unknown }[] };
      return images.map(({ predictions }) => predictions);
    };
    const expected = rows();
    expect(expected).toHaveLength(2);
    for (const options of [['--threads', '2'], ['--jobs', '2'], ['--timeout', '30'], ['--deterministic']]) {
      expect(rows(...options), options.join(' ')).toEqual(expected);
    }
  });
});
