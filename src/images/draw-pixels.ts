import type { RgbPixels } from '../domain/image-input.js';
import { loadDecoder } from './decode-by-sharp.js';

/** A picture at another size, whatever its aspect becomes. */
export async function scalePixels(pixels: RgbPixels, width: number, height: number): Promise<RgbPixels> {
  if (width === pixels.width && height === pixels.height) return pixels;
  const data = await openPixels(pixels).resize({ width, height, fit: 'fill' }).raw().toBuffer();
  return { data, width, height };
}

/** As a PNG file. */
export async function encodePng(pixels: RgbPixels): Promise<Uint8Array> {
  return openPixels(pixels).png({ compressionLevel: 9 }).toBuffer();
}

function openPixels({ data, width, height }: RgbPixels) {
  return loadDecoder()(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
}
