// Control characters, line and paragraph separators, and the marks that reorder text on a terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
export const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const shortEscapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/**
 * A file name (or any text from outside) as it may stand in a one-line message: what would break the line or
 * steer a terminal is written as an escape (`\n`, `\x1b`, `\u202e`). For people only: machine formats keep the name.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const short = shortEscapes[character];
    if (short !== undefined) return short;
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const QUOTED_CHARACTERS = 100;

/** A name from outside in quotes, cut where it is very long, for a one-line message. */
export function quoted(text: string): string {
  return printable(JSON.stringify(text.length > QUOTED_CHARACTERS ? `${text.slice(0, QUOTED_CHARACTERS)}…` : text));
}
