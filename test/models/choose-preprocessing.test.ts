import { describe, expect, it } from 'vitest';
import { inputRanges, type Triple } from '../../src/domain/input-range.js';
import { statedRange } from '../../src/models/choose-input-range.js';
import { choosePreprocessing, type PreprocessingFacts } from '../../src/models/choose-preprocessing.js';

const facts: PreprocessingFacts = {
  resolution: 96,
  grey: false,
  options: {},
  otherwise: { range: inputRanges['-1..1'], reason: 'such files usually do' },
  geometry: { crop: 'center', filter: 'pil-bilinear', resize: (side) => Math.round(side / 0.875) },
};
const all = (value: number): Triple => [value, value, value];

/** What the network gets for a byte. */
const ofByte = (byte: number, given: Partial<PreprocessingFacts>) => {
  const { mean, std } = choosePreprocessing({ ...facts, ...given });
  return (byte / 255 - mean[0]) / std[0];
};

describe('choosePreprocessing', () => {
  it('says why it assumed a range, and only then', () => {
    expect(choosePreprocessing(facts)).toEqual({
      ...{ crop: 'center', resize: 110, resolution: 96, filter: 'pil-bilinear' },
      ...{ mean: all(0.5), std: all(0.5), assumed: 'such files usually do' },
    });
    const known = { ...facts, otherwise: { range: inputRanges.imagenet } };
    expect(choosePreprocessing(known)).toMatchObject(inputRanges.imagenet);
    expect(choosePreprocessing(known)).not.toHaveProperty('assumed');
  });

  it('takes the first of options, file, graph and what lies beside', () => {
    const sources = {
      options: { input: '0..255' },
      ofFile: inputRanges['0..1'],
      ofScaling: inputRanges['-1..1'],
      beside: { range: inputRanges.imagenet, where: 'config.json' },
    } as const;
    expect(ofByte(255, sources)).toBeCloseTo(255, 3);
    expect(ofByte(255, { ...sources, options: {} })).toBeCloseTo(1);
    expect(ofByte(0, { ...sources, options: {}, ofFile: undefined })).toBeCloseTo(-1);
    const { ofFile: _f, ofScaling: _s, options: _o, ...beside } = sources;
    expect(choosePreprocessing({ ...facts, ...beside })).toMatchObject(inputRanges.imagenet);
    expect(choosePreprocessing({ ...facts, ...beside })).not.toHaveProperty('assumed');
  });

  it('puts the scaling of the graph after the range', () => {
    const halves = { scale: all(1 / 127.5), offset: all(-1) };
    expect(ofByte(0, { graphScaling: halves, ofScaling: inputRanges['0..255'] })).toBeCloseTo(-1);
    expect(ofByte(255, { graphScaling: halves, ofScaling: inputRanges['0..255'] })).toBeCloseTo(1);
    // The graph's input is −1…1, of which it makes 0…1.
    const shifted = { scale: all(0.5), offset: all(0.5) };
    expect(ofByte(0, { graphScaling: shifted, options: { input: '-1..1' } })).toBeCloseTo(0);
    expect(ofByte(255, { graphScaling: shifted, options: { input: '-1..1' } })).toBeCloseTo(1);
    // And one that turns it upside down.
    const inverted = { scale: all(-1), offset: all(1) };
    expect(ofByte(255, { graphScaling: inverted, options: { input: '0..1' } })).toBeCloseTo(0);
    expect(ofByte(51, { graphScaling: inverted, options: { input: '0..1' } })).toBeCloseTo(0.8);
  });

  it('prepares pictures as the file beside says', () => {
    const beside = { crop: 'squash', filter: 'pil-bicubic', resize: (side: number) => side, where: 'x' } as const;
    expect(choosePreprocessing({ ...facts, beside })).toMatchObject({
      crop: 'squash',
      resize: 96,
      filter: 'pil-bicubic',
    });
  });

  it('has one mean and deviation for grey pictures', () => {
    const grey = choosePreprocessing({ ...facts, grey: true, options: { input: 'imagenet' } });
    expect(grey).toMatchObject({ grey: true, mean: all(0.485), std: all(0.229) });
  });
});

describe('statedRange', () => {
  it('takes three numbers, or one for all', () => {
    expect(statedRange({})).toBeUndefined();
    expect(statedRange({ mean: [0.1, 0.2, 0.3], std: [1] })).toEqual({ mean: [0.1, 0.2, 0.3], std: all(1) });
  });

  it.each([
    [{ input: '0..1', mean: [0], std: [1] }, /--input 0\.\.1: cannot be combined/],
    [{ mean: [0] }, /--mean: needs --mean and --std/],
    [{ std: [1] }, /--std: needs/],
    [{ mean: [0, 0], std: [1] }, /--mean: expected one number, or three/],
    [{ mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] }, /--mean: in units of 0 to 255; divide/],
    [{ mean: [0], std: [0] }, /--std: expected numbers above 0/],
    [{ mean: [0], std: [1, -1, 1] }, /--std: expected numbers above 0/],
  ] as const)('refuses %j', (options, message) => {
    expect(() => statedRange(options)).toThrow(message);
  });
});
