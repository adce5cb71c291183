import { expect, it } from 'vitest';
import { calibrationText, calibrationWarnings } from '../../src/report/calibration-text.js';

const good = { images: 48, heldOut: 16, sameTop: 15, largestChange: 0.0349 };

it('says what integers cost on held-out images', () => {
  expect(calibrationText('flowers', good)).toEqual([
    'flowers: integer ranges chosen from 48 images, for --dtype int8',
    'int8: same top class on 15 of 16 held-out images, largest change of a probability 0.03',
  ]);
  expect(calibrationText('flowers', { images: 1, heldOut: 0, sameTop: 0, largestChange: 0 })).toEqual([
    'flowers: integer ranges chosen from 1 image, for --dtype int8',
    'int8: not compared with floats; that takes 3 images or more',
  ]);
});

it('warns of few images, and of integers that seldom agree with floats', () => {
  expect(calibrationWarnings('photos', good)).toEqual([]);
  expect(calibrationWarnings('photos', { ...good, images: 32, heldOut: 10, sameTop: 9 })).toEqual([]);
  expect(calibrationWarnings('photos', { ...good, images: 31 })).toEqual([
    '--calibrate photos: only 31 images, expected 32 or more; --dtype int8 may be less accurate on other images',
  ]);
  expect(calibrationWarnings('photos', { ...good, sameTop: 14 })).toEqual([
    '--calibrate photos: integers and floats have the same top class on only 14 of 16 held-out images; use --dtype f32, or calibrate with more images such as the model will classify',
  ]);
  expect(calibrationWarnings('photos', { ...good, images: 1, heldOut: 0, sameTop: 0 })).toHaveLength(1);
});
