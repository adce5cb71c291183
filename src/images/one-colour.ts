import type { Area } from '../domain/area.js';
import type { RgbPixels } from '../domain/image-input.js';

/** Levels of 255 that pixels of one colour may be apart: JPEG rounds. */
const MOST_APART = 2;

/** Whether all pixels in the area have nearly the same colour. */
export function isOneColour({ data, width, height }: RgbPixels, { x, y, ...size }: Area): boolean {
  const [left, top] = [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y))];
  const right = Math.min(width, Math.ceil(x + size.width));
  const bottom = Math.min(height, Math.ceil(y + size.height));
  const least = [255, 255, 255];
  const most = [0, 0, 0];
  for (let row = top; row < bottom; row++) {
    for (let at = 3 * (row * width + left); at < 3 * (row * width + right); at++) {
      const value = data[at]!;
      const channel = at % 3;
      if (value < least[channel]!) least[channel] = value;
      if (value > most[channel]!) most[channel] = value;
    }
    if (most.some((value, channel) => value - least[channel]! > MOST_APART)) return false;
  }
  return true;
}
