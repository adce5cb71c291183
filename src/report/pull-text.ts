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
  /** Models that were not tried because of it. */
  readonly untried: number;
}

/** `2 models`, with what is said of them. */
export function modelCount(count: number, what: string): string {
  return `${count} ${count === 1 ? 'model' : 'models'} ${what}`;
}

/** `2 models installed, 1 already there` */
export function installedCounts(installed: number, present: number): string[] {
  return [modelCount(installed, 'installed'), ...(present > 0 ? [`${present} already there`] : [])];
}

/** `1 failed, 3 not tried`; nothing where none failed. */
export function failureCounts(failures: readonly Failure[]): string[] {
  const untried = failures.reduce((sum, each) => sum + each.untried, 0);
  return [
    ...(failures.length > 0 ? [`${failures.length} failed`] : []),
    ...(untried > 0 ? [`${untried} not tried`] : []),
  ];
}

/** The sentence, with the model's name where it lacks that. */
export function failureText({ name, error }: Pick<Failure, 'name' | 'error'>): string {
  return printable(error.message.includes(name) ? error.message : `${name}: ${error.message}`);
}

/** As in JSON. */
export function failureRecord({ name, error }: Pick<Failure, 'name' | 'error'>): {
  name: string;
  code: string;
  message: string;
} {
  return { name, code: error.code, message: error.message };
}
