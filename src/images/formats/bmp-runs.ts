import { damaged } from './picture-problem.js';

/**
 * Undoes run-length coding (RLE8, RLE4, OS/2's RLE24). What is skipped is 0; what reaches beyond a row's end is left out.
 *
 * @returns [height, width] indices of 8 bits each, or [height, width, 3] blue, green and red, in the order of the file
 * @throws PictureProblem where the data end before the mark that ends them
 */
export function readRuns(bytes: Uint8Array, width: number, height: number, bits: number): Uint8Array {
  const step = bits === 24 ? 3 : 1;
  const rows = new Uint8Array(width * height * step);
  let at = 0;
  let x = 0;
  let y = 0;
  const next = (): number => {
    if (at >= bytes.length) throw damaged('the data of the pixels end too early');
    return bytes[at++]!;
  };
  const put = (value: number, channel = 0) => {
    if (x < width) rows[(y * width + x) * step + channel] = value;
  };
  const putRun = (count: number) => {
    const colours = Array.from({ length: step }, next);
    for (let i = 0; i < count; i++, x++) {
      if (bits === 4) put(i % 2 === 0 ? colours[0]! >> 4 : colours[0]! & 15);
      else for (let c = 0; c < step; c++) put(colours[c]!, c);
    }
  };
  const putLiterals = (count: number) => {
    const first = at;
    for (let i = 0, byte = 0; i < count; i++, x++) {
      if (bits === 4) {
        if (i % 2 === 0) byte = next();
        put(i % 2 === 0 ? byte >> 4 : byte & 15);
      } else for (let c = 0; c < step; c++) put(next(), c);
    }
    if ((at - first) % 2 === 1) at++;
  };
  while (y < height) {
    // The mark that ends a whole picture is often left out.
    if (at >= bytes.length && y === height - 1 && x >= width) break;
    const count = next();
    if (count > 0) {
      putRun(count);
      continue;
    }
    const code = next();
    if (code === 1) break;
    if (code === 0) {
      x = 0;
      y++;
    } else if (code === 2) {
      x += next();
      y += next();
    } else putLiterals(code);
  }
  return rows;
}
