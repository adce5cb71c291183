import { type MapValue, multiply } from '../../graph/value.js';
import type { TfliteImporter, TfliteNode } from './importer.js';
import { OPTIONS_TYPE, STRIDED_SLICE_OPTIONS } from './schema.js';

/** The dimensions that the file declares for what is read: they are settled. */
export function importShape(importer: TfliteImporter, node: TfliteNode): void {
  const dims = node.operands[0]?.shape ?? importer.value(node, 0).dims;
  importer.define(node, importer.makeConstant([dims.length], dims));
}

/** A list of single numbers. */
export function importPack(importer: TfliteImporter, node: TfliteNode): void {
  const items = node.inputs.map((_, index) => {
    const list = importer.list(node, index, "PACK's item", 1);
    if (list.length !== 1) throw importer.unsupported('PACK of lists, expected it on single numbers');
    return list[0]!;
  });
  importer.define(node, importer.makeConstant([items.length], items));
}

interface Cut {
  readonly begin: number;
  readonly end: number;
  /** The dimension goes. */
  readonly shrinks: boolean;
}

/** A part of a list, or of a map: rows and columns at its edges, or channels. */
export function importStridedSlice(importer: TfliteImporter, node: TfliteNode): void {
  const value = importer.value(node, 0);
  const cuts = readCuts(importer, node, value.dims);
  if (value.kind === 'constant') {
    const list = importer.listOf(value, "STRIDED_SLICE's list");
    const [cut] = cuts;
    if (value.dims.length !== 1 || cut === undefined) {
      throw importer.unsupported(`STRIDED_SLICE of ${value.dims.join('×')}, expected a list`);
    }
    const part = list.slice(cut.begin, cut.end);
    importer.define(node, importer.makeConstant(cut.shrinks ? [] : [part.length], part));
    return;
  }
  const { dims } = value;
  if (cuts.every(({ begin, end }, axis) => begin === 0 && end === dims[axis])) {
    importer.reshape(node, value, importer.result(node).shape);
    return;
  }
  importer.settle(node, cutMap(importer, node, value, cuts), { bounds: value.bounds });
}

function cutMap(importer: TfliteImporter, node: TfliteNode, map: MapValue, cuts: readonly Cut[]): MapValue {
  const { dims, order, shape } = map;
  const [batch, ...rest] = cuts;
  const [rows, columns, channels] = order === 'CHW' ? [rest[1], rest[2], rest[0]] : rest;
  const isPlain = dims.length === 4 && cuts.every((cut) => !cut.shrinks) && batch?.begin === 0;
  if (!isPlain || rows === undefined || columns === undefined || channels === undefined) {
    throw importer.unsupported(`STRIDED_SLICE of ${dims.join('×')}, expected a part of a map`);
  }
  const target = importer.target(node, importer.result(node).shape, order);
  const pads = {
    top: rows.begin,
    bottom: shape.height - rows.end,
    left: columns.begin,
    right: shape.width - columns.end,
  };
  const isWhole = channels.begin === 0 && channels.end === shape.channels;
  const inner = isWhole ? target : { ...target, name: `${target.name}/crop`, readers: 1 };
  const cropped = importer.builder.crop(map, pads, inner);
  return isWhole ? cropped : importer.builder.slice(cropped, channels.begin, channels.end, target);
}

/** Where the part lies along each dimension. */
function readCuts(importer: TfliteImporter, node: TfliteNode, dims: readonly number[]): Cut[] {
  const [begins, ends, steps] = [1, 2, 3].map((index) => importer.integers(node, index, "STRIDED_SLICE's ends")) as [
    number[],
    number[],
    number[],
  ];
  const options = node.options(OPTIONS_TYPE.stridedSlice);
  const mask = (slot: number) => options?.int32(slot, 0) ?? 0;
  const { begin, end, ellipsis, newAxis, shrinkAxis } = STRIDED_SLICE_OPTIONS;
  if (mask(ellipsis) !== 0 || mask(newAxis) !== 0 || begins.length > dims.length) {
    throw importer.unsupported('STRIDED_SLICE with an ellipsis or new axes, expected a part of a map or list');
  }
  return dims.map((size, axis): Cut => {
    const [first, last, step = 1] = [begins[axis], ends[axis], steps[axis]];
    if (first === undefined || last === undefined) return { begin: 0, end: size, shrinks: false };
    const inside = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, 0), size);
    const from = mask(begin) & (1 << axis) ? 0 : inside(first);
    if (mask(shrinkAxis) & (1 << axis)) {
      if (from >= size) throw importer.damaged(`STRIDED_SLICE takes item ${first} of ${size}`);
      return { begin: from, end: from + 1, shrinks: true };
    }
    const to = mask(end) & (1 << axis) ? size : inside(last);
    if (step !== 1) throw importer.unsupported(`STRIDED_SLICE in steps of ${step}, expected every one`);
    if (multiply(dims) > 0 && from >= to)
      throw importer.damaged(`STRIDED_SLICE from ${from} to ${to}, expected a part`);
    return { begin: from, end: to, shrinks: false };
  });
}
