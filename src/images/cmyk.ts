/** a × b / 255, rounded, in Pillow's integer arithmetic. */
function multiply255(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** Ink without a profile, as Pillow's `convert('RGB')` mixes it: 255 − K, less the ink's share of that. */
export function mixInks(inks: Uint8Array): Uint8Array {
  const pixels = inks.length / 4;
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const light = 255 - inks[pixel * 4 + 3]!;
    for (let c = 0; c < 3; c++) rgb[pixel * 3 + c] = light - multiply255(inks[pixel * 4 + c]!, light);
  }
  return rgb;
}

/** Samples of 16 bits without their lower bytes. */
export function upperBytes(samples: Uint8Array): Uint8Array {
  const wide = new Uint16Array(samples.buffer, samples.byteOffset, samples.length / 2);
  return Uint8Array.from(wide, (sample) => sample >> 8);
}
