import type { PictureFacts } from '../domain/classification.js';

/** What is to be known of how a picture was read, in a few words; empty where there is nothing. */
export function pictureNotes({ truncated, preview }: PictureFacts): string {
  const notes = [
    ...(truncated ? ['truncated'] : []),
    ...(preview ? [`preview ${preview.width} × ${preview.height}`] : []),
  ];
  return notes.join(', ');
}
