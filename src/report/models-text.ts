import type { ModelRecord, ModelsRecord } from '../domain/models.js';
import { printable } from '../errors/printable.js';
import { alignColumns } from './columns.js';
import { alphaText, countText, grouped, sizeText } from './units.js';

const HEADINGS = ['', 'network', 'α', 'pixels', 'dtype', 'size', 'top-1', 'MACs'];
const BY_HAND =
  'Published as several files (mobilenet pull NAME prints the address; install with: mobilenet import FOLDER --as NAME)';
const SIDES = ['left', 'left', 'right', 'right', 'left', 'right', 'right', 'right'] as const;

/**
 * The table of `mobilenet models`: its parts under one set of columns.
 * @param canPull whether `mobilenet pull` installs files of a format
 * @param words what the models were filtered by; parts where nothing fits are left out then
 */
export function modelsText(
  record: ModelsRecord,
  canPull: (format: string) => boolean,
  words: readonly string[] = [],
): string {
  const { store, box, installed, damaged, available = [] } = record;
  const count = (box?.length ?? 0) + installed.length + damaged.length + available.length;
  if (words.length > 0 && count === 0) {
    return `no ${box ? '' : 'installed '}model matches ${words.map(printable).join(' ')}\n`;
  }
  const byHand = available.filter(({ format }) => !canPull(format));
  const all: [string, readonly ModelRecord[]][] = [
    ...(box ? ([['Bundled', box]] as [string, readonly ModelRecord[]][]) : []),
    [`Installed in ${store}`, installed],
  ];
  if (record.available) {
    all.push(['Published (install with: mobilenet pull NAME)', available.filter(({ format }) => canPull(format))]);
    if (byHand.length > 0) all.push([BY_HAND, byHand]);
  }
  const parts = words.length === 0 ? all : all.filter(([, models]) => models.length > 0);
  const lines = alignColumns([HEADINGS, ...parts.flatMap(([, models]) => models.map(row))], SIDES);
  const [headings, ...rows] = lines;
  const text: string[] = [headings!];
  let next = 0;
  for (const [title, models] of parts) {
    text.push(title, ...rows.slice(next, next + models.length));
    if (models.length === 0) text.push('  none');
    next += models.length;
  }
  for (const { name, problem } of damaged) text.push(`  ${name} is damaged: ${problem}`);
  const unchecked = available.filter(({ checked }) => checked === null).length;
  if (unchecked > 0) {
    const count = unchecked === available.length ? 'None' : available.length - unchecked;
    text.push(`${count} of the ${available.length} published addresses were checked for this release.`);
  }
  const { path, vectors, bytes } = record.cache;
  if (vectors > 0 && words.length === 0) {
    const count = `${grouped(vectors)} image ${vectors === 1 ? 'vector' : 'vectors'}`;
    text.push(`Cached in ${path}: ${count}, ${sizeText(bytes, 1)} (delete with: mobilenet models remove --cache)`);
  }
  text.push('size: of the weights, or of the file to download · top-1: published accuracy in percent · M: 10⁶ MACs');
  return `${text.join('\n')}\n`;
}

function row({ name, network, alpha, resolution, dtype, bytes, top1, macs }: ModelRecord): readonly string[] {
  return [
    `  ${name}`,
    network,
    alphaText(alpha),
    String(resolution),
    dtype,
    bytes === null ? '–' : sizeText(bytes),
    top1 === null ? '–' : top1.toFixed(1),
    macs === null ? '–' : countText(macs, 1),
  ];
}
