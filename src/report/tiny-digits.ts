/** Characters of 3 × 5 pixels: pictures must look the same where no fonts are installed. */
const glyphs: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  '0': ['###', '#.#', '#.#', '#.#', '###'],
  '1': ['.#.', '##.', '.#.', '.#.', '###'],
  '2': ['###', '..#', '###', '#..', '###'],
  '3': ['###', '..#', '###', '..#', '###'],
  '4': ['#.#', '#.#', '###', '..#', '..#'],
  '5': ['###', '#..', '###', '..#', '###'],
  '6': ['###', '#..', '###', '#.#', '###'],
  '7': ['###', '..#', '..#', '.#.', '.#.'],
  '8': ['###', '#.#', '###', '#.#', '###'],
  '9': ['###', '#.#', '###', '..#', '###'],
  '+': ['...', '.#.', '###', '.#.', '...'],
  '-': ['...', '...', '###', '...', '...'],
  x: ['...', '#.#', '.#.', '#.#', '...'],
};

const GLYPH_WIDTH = 3;
const GAP = 1;

export const DIGIT_HEIGHT = 5;

/** Width in pixels. */
export function digitsWidth(text: string): number {
  return text.length * (GLYPH_WIDTH + GAP) - GAP;
}

/** Calls `set` for each pixel of the text, from its upper left corner. */
export function drawDigits(text: string, set: (x: number, y: number) => void): void {
  for (const [at, character] of [...text].entries()) {
    for (const [y, row] of (glyphs[character] ?? []).entries()) {
      for (const [x, pixel] of [...row].entries()) if (pixel === '#') set(at * (GLYPH_WIDTH + GAP) + x, y);
    }
  }
}
