import { describe, expect, it } from 'vitest';
import { atResolution, type Preprocessing, sideBeforeCrop } from '../../src/domain/preprocessing.js';

const trained: Preprocessing = {
  ...{ crop: 'center', resize: 256, resolution: 224, filter: 'pil-bilinear' },
  ...{ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};

describe('sideBeforeCrop', () => {
  // timm: int(math.floor(img_size / crop_pct)).
  it.each([
    [224, 0.875, 256],
    [192, 0.875, 219],
    [160, 0.875, 182],
    [128, 0.875, 146],
    [96, 0.875, 109],
    [320, 0.875, 365],
    [299, 0.8975, 333],
    [288, 0.95, 303],
    [224, 0.9, 248],
    [288, 0.9, 320],
    [256, 1, 256],
  ])('%i pixels of which a crop takes %f', (resolution, share, side) => {
    expect(sideBeforeCrop(resolution, share)).toBe(side);
  });

  it('is never less than the crop', () => {
    expect(sideBeforeCrop(224, 300, 256)).toBe(224);
  });
});

describe('atResolution', () => {
  it('keeps the share of the crop, to and fro', () => {
    for (let resolution = 32; resolution <= 400; resolution++) {
      const scaled = atResolution(trained, resolution);
      expect(scaled).toMatchObject({ resolution, resize: Math.floor(resolution / 0.875) });
      expect(atResolution(scaled, 224).resize).toBe(256);
    }
  });

  it('takes a stated share rather than the rounded side', () => {
    const rounded = { ...trained, resize: 248, cropShare: 0.9 };
    expect(atResolution(rounded, 192).resize).toBe(Math.floor(192 / 0.9));
    expect(atResolution({ ...trained, resize: 248 }, 192).resize).toBe(212);
  });

  it('squashes to the resolution', () => {
    expect(atResolution({ ...trained, crop: 'squash' }, 96)).toMatchObject({ crop: 'squash', resize: 96 });
  });
});
