/** Longer names are cut off, and of many quotes and brackets the last ones are not found. */
const MOST_CHARACTERS = 1000;

/** Whether libvips takes a name as it is, and what stands in brackets after it as options. */
export function isPlain(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  return path.length <= MOST_CHARACTERS && !/[[\]"'=,\x00-\x1f]/.test(path);
}
