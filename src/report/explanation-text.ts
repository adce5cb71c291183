import type { ActivationMap } from '../domain/activation-map.js';
import type { Area } from '../domain/area.js';
import type { ExplainedClass, PictureExplanation } from '../domain/explanation.js';
import { printable } from '../errors/printable.js';
import { percentText, shortLabel } from './classify-text.js';
import { pictureNotes } from './picture-notes.js';

/** Of more cells in a row or column several are added up. */
const MOST_SHOWN = 14;

/** How many of the strongest cells are added up. */
const STRONGEST = 5;

/** From so many cells on each has little, so that a decimal is shown. */
const MANY = 65;

/** What integers round of a logit, as a share of it, is less. */
const MOST_ROUNDING = 0.02;

/** Class, logit, a coarse map in numbers, and where in the picture the evidence is. */
export function explanationText(explanation: PictureExplanation): string {
  const { file, class: one, against: other, nothingToSee, truncated, preview } = explanation;
  const notes = pictureNotes({ ...(truncated && { truncated }), ...(preview && { preview }) });
  const head = `${printable(file)}${notes === '' ? '' : ` (${notes})`}: ${classText(one)}${other ? `\n  against ${classText(other)}` : ''}`;
  const parts = [
    [head, ...unknownLine(explanation), logitLine(explanation), ...clippedLine(explanation)],
    ...(nothingToSee === undefined ? evidence(explanation) : [[`Nothing to see: ${nothingToSee}.`]]),
    [seenLine(explanation)],
  ];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function classText(explained: ExplainedClass): string {
  const { probability, rank } = explained;
  return `${shortLabel(explained)}, ${percentText(probability).trim()}${rank === 1 ? '' : ` (rank ${rank})`}`;
}

function unknownLine({ unknown }: PictureExplanation): readonly string[] {
  if (!unknown) return [];
  const { distance, threshold } = unknown;
  return [
    `The model calls this image unknown: its distance from the learned images is ${distance.toFixed(3)}, above ${threshold.toFixed(3)}.`,
  ];
}

function logitLine({ against, logit, bias, grid, identity }: PictureExplanation): string {
  const { mean, sum, difference } = identity;
  const name = against ? 'Difference of the logits' : 'Logit';
  const cells = `mean of the ${grid.length * grid[0]!.length} cells ${number(mean)}`;
  const result = difference === null ? number(sum) : number(logit);
  const rest = difference !== null && number(sum) !== number(logit) ? ` (difference ${number(-difference)})` : '';
  return `${name}: ${cells} ${bias < 0 ? '−' : '+'} bias ${number(Math.abs(bias))} = ${result}${rest}`;
}

/** Quantised files hold values of a limited range, so that what the cells add up to may be cut off. */
function clippedLine({ logit, identity }: PictureExplanation): readonly string[] {
  const isSmall = Math.abs(identity.difference ?? 0) <= MOST_ROUNDING * Math.max(1, Math.abs(logit));
  return isSmall ? [] : ['The network clips this logit or the features before it, so the map is only approximate.'];
}

function number(value: number): string {
  return value.toFixed(3).replace('-', '−');
}

function evidence(explanation: PictureExplanation): readonly (readonly string[])[] {
  const { grid, evidence, class: one, against, box80 } = explanation;
  const name = shortLabel(one);
  const total = Math.max(evidence.positive, -evidence.negative);
  const isFor = evidence.positive === total;
  const other = against && shortLabel(against);
  const all = isFor
    ? `all evidence for ${name}${other === undefined ? '' : ` rather than ${other}`}`
    : `all evidence ${other === undefined ? `against ${name}` : `for ${other} rather than ${name}`}`;
  const { rows, merged } = coarse(grid.map((row) => row.map((value) => (100 * value) / total)));
  const what = merged > 1 ? `Blocks of ${merged} × ${merged} cells` : 'Cells';
  const decimals = rows.length * rows[0]!.length < MANY ? 0 : 1;
  const lines = rows.map((row) => row.map((share) => shareText(share, decimals).padStart(5)).join(''));
  const boxLine = box80 && `${percent(100 * box80.share)} of the evidence for ${name}: ${areaText(box80)}`;
  return [
    [`${what} in % of ${all}:`, ...lines],
    [...(boxLine ? [boxLine] : []), ...strongestLine(grid, evidence.positive, name)],
  ].filter((part) => part.length > 0);
}

function strongestLine(grid: ActivationMap, positive: number, name: string): readonly string[] {
  const cells = grid.flatMap((values, row) => values.map((value, column) => ({ value, row, column })));
  const sorted = cells.filter(({ value }) => value > 0).sort((a, b) => b.value - a.value);
  const [first] = sorted;
  if (!first) return [`No cell has evidence for ${name}.`];
  const strongest = sorted.slice(0, STRONGEST);
  const share = (100 * strongest.reduce((sum, { value }) => sum + value, 0)) / positive;
  const together =
    strongest.length > 1 ? `; the strongest ${strongest.length} of ${cells.length} have ${percent(share)}` : '';
  const place = `row ${first.row + 1}, column ${first.column + 1}`;
  return [`Strongest cell: ${place}, ${percent((100 * first.value) / positive)} of it${together}`];
}

/** Sums of blocks of cells, so that few enough are left to show. */
function coarse(map: ActivationMap): { readonly rows: ActivationMap; readonly merged: number } {
  const merged = Math.ceil(Math.max(map.length, map[0]!.length) / MOST_SHOWN);
  if (merged === 1) return { rows: map, merged };
  const blocks = (count: number) => Array.from({ length: Math.ceil(count / merged) }, (_, at) => at * merged);
  const sumOf = (top: number, left: number) =>
    map
      .slice(top, top + merged)
      .flatMap((row) => row.slice(left, left + merged))
      .reduce((sum, value) => sum + value, 0);
  return { rows: blocks(map.length).map((top) => blocks(map[0]!.length).map((left) => sumOf(top, left))), merged };
}

/** A point for what rounds to nothing. */
function shareText(share: number, decimals: number): string {
  const text = share.toFixed(decimals);
  return Number(text) === 0 ? '·' : text.replace('-', '−');
}

function percent(value: number): string {
  return `${value.toFixed(0)} %`;
}

function seenLine({ seen, picture }: PictureExplanation): string {
  const { width, height } = picture;
  const isWhole = seen.width >= width && seen.height >= height;
  return `Seen by the network: ${isWhole ? 'all' : `${areaText(seen)},`} of ${width} × ${height} pixels`;
}

function areaText({ x, y, width, height }: Area): string {
  const [left, top, across, down] = [x, y, width, height].map(Math.round);
  return `${across} × ${down} pixels from (${left}, ${top})`;
}
