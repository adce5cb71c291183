import { printable } from '../errors/printable.js';
import { sizeText } from './units.js';

interface PulledRecord {
  readonly model: {
    readonly name: string;
    readonly weights: { readonly bytes: number };
    readonly origin: { readonly address: string; readonly sha256: string; readonly hash: 'published' | 'first-seen' };
  };
  readonly fetched: boolean;
}

/** Lines of `mobilenet pull` about one model. */
export function pulledText({ model, fetched }: PulledRecord): string {
  const { name, origin } = model;
  if (!fetched) return presentText(model);
  const hash = origin.hash === 'published' ? 'as published' : 'none is published; recorded for the next download';
  return `${name} installed (${sizeOf(model)}) from ${printable(origin.address)}\nSHA-256 ${origin.sha256} (${hash})\n`;
}

/** What was there before. */
export function presentText(model: PulledRecord['model']): string {
  return `${model.name} is already installed (${sizeOf(model)})\n`;
}

/** Of its weights. */
export function sizeOf({ weights }: Pick<PulledRecord['model'], 'weights'>): string {
  return sizeText(weights.bytes);
}

/** One of several models that could not be had. */
interface Failure {
  readonly name: string;
  readonly error: { readonly code: string; readonly message: string };
}

/** The sentence, with the model's name where it lacks that. */
export function failureText({ name, error }: Failure): string {
  return printable(error.message.includes(name) ? error.message : `${name}: ${error.message}`);
}

/** As in JSON. */
export function failureRecord({ name, error }: Failure): { name: string; code: string; message: string } {
  return { name, code: error.code, message: error.message };
}
