/** Whether a shell would have expanded it, had there been a match. */
export function isGlob(text: string): boolean {
  return /[*?[{]/.test(text);
}

/** `photos/`: folders and no files. */
export function isOfFolders(pattern: string): boolean {
  return pattern.endsWith('/');
}
