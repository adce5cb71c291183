import type { CalibrationFacts } from '../domain/calibration.js';

/** With fewer images, much of what others hold has not been seen. */
const FEW_IMAGES = 32;
/** Integers that agree with floats less often are not to be trusted. */
const LEAST_AGREEMENT = 0.9;

/** How integer ranges were chosen, and what integers cost. */
export function calibrationText(
  name: string,
  { images, heldOut, sameTop, largestChange }: CalibrationFacts,
): readonly string[] {
  const change = `largest change of a probability ${largestChange.toFixed(2)}`;
  return [
    `${name}: integer ranges chosen from ${count(images)}, for --dtype int8`,
    heldOut > 0
      ? `int8: same top class on ${sameTop} of ${heldOut} held-out images, ${change}`
      : 'int8: not compared with floats; that takes 3 images or more',
  ];
}

/** What speaks against using integer ranges that a folder's images gave, each in one line. */
export function calibrationWarnings(folder: string, { images, heldOut, sameTop }: CalibrationFacts): readonly string[] {
  const where = `--calibrate ${folder}`;
  const warnings: string[] = [];
  if (images < FEW_IMAGES) {
    warnings.push(
      `${where}: only ${count(images)}, expected ${FEW_IMAGES} or more; --dtype int8 may be less accurate on other images`,
    );
  }
  if (sameTop < LEAST_AGREEMENT * heldOut) {
    warnings.push(
      `${where}: integers and floats have the same top class on only ${sameTop} of ${heldOut} held-out images; use --dtype f32, or calibrate with more images such as the model will classify`,
    );
  }
  return warnings;
}

function count(images: number): string {
  return images === 1 ? '1 image' : `${images} images`;
}
