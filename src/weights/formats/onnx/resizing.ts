import type { Coordinates } from '../../graph/rearrangements.js';
import type { OnnxNode } from './graph.js';
import type { OnnxImporter } from './onnx-importer.js';

/** Along one axis: how many pixels there are and how many are wanted, and how far apart these lie. */
interface Axis {
  readonly input: number;
  readonly output: number;
  /** Output pixels for each input pixel, as the file says. */
  readonly scale: number;
}

/** Where an output pixel lies in the input. */
type Place = (at: number, axis: Axis) => number;

const PLACES: ReadonlyMap<string, Place> = new Map<string, Place>([
  ['half_pixel', (at, { scale }) => (at + 0.5) / scale - 0.5],
  ['pytorch_half_pixel', (at, { scale, output }) => (output > 1 ? (at + 0.5) / scale - 0.5 : 0)],
  ['half_pixel_symmetric', halfPixelSymmetric],
  ['asymmetric', (at, { scale }) => at / scale],
  ['align_corners', (at, { input, output }) => (output > 1 ? (at * (input - 1)) / (output - 1) : 0)],
]);

function halfPixelSymmetric(at: number, { input, output, scale }: Axis): number {
  const adjustment = output / (scale * input);
  const offset = (input / 2) * (1 - adjustment);
  return offset + (at + 0.5) / scale - 0.5;
}

/** The same places by the names of this project's layers, whose scale is output ÷ input. */
const COORDINATES: Readonly<Record<Coordinates, Place>> = {
  halfPixel: (at, { input, output }) => ((at + 0.5) * input) / output - 0.5,
  asymmetric: (at, { input, output }) => (at * input) / output,
  alignCorners: (at, { input, output }) => (output > 1 ? (at * (input - 1)) / (output - 1) : 0),
};

const ROUNDING: ReadonlyMap<string, (x: number) => number> = new Map([
  ['round_prefer_floor', (x: number) => Math.ceil(x - 0.5)],
  ['round_prefer_ceil', (x: number) => Math.floor(x + 0.5)],
  ['floor', Math.floor],
  ['ceil', Math.ceil],
]);

/** How the layer `resize` rounds a place: TensorFlow's and PyTorch's rules. */
const NEAREST: Readonly<Record<Coordinates, (x: number) => number>> = {
  halfPixel: (x) => Math.floor(x + 0.5),
  asymmetric: Math.floor,
  alignCorners: (x) => Math.floor(x + 0.5),
};

/** Places closer than this are one; files say scales in single precision. */
const SAME_PLACE = 1e-4;

/** Resize, and Upsample before it. */
export function importResize(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const dims = importer.outputDims(node);
  const { shape, order } = value;
  const [channelAxis, rowAxis, columnAxis] = order === 'CHW' ? [1, 2, 3] : [3, 1, 2];
  if (value.dims.length !== 4 || dims[channelAxis] !== shape.channels) {
    throw importer.unsupported(
      `${node.operator} of ${value.dims.join('×')} to ${dims.join('×')}, expected rows and columns`,
    );
  }
  const [height = 1, width = 1] = [dims[rowAxis], dims[columnAxis]];
  importer.builder.checkSize({ height, width, channels: shape.channels }, node.operator);
  const axes = [
    { input: shape.height, output: height, scale: scaleOf(importer, node, rowAxis) ?? height / shape.height },
    { input: shape.width, output: width, scale: scaleOf(importer, node, columnAxis) ?? width / shape.width },
  ];
  const mode = node.attributes.get('mode')?.text ?? 'nearest';
  const method = mode === 'nearest' ? 'nearest' : mode === 'linear' ? 'bilinear' : undefined;
  const isPlain =
    importer.attribute(node, 'antialias', 0) === 0 && importer.attribute(node, 'exclude_outside', 0) === 0;
  const coordinates = method && isPlain ? findCoordinates(node, axes, method === 'nearest') : undefined;
  if (method === undefined || coordinates === undefined) {
    const place = node.attributes.get('coordinate_transformation_mode')?.text ?? 'half_pixel';
    throw importer.unsupported(
      `${node.operator} by ${mode}, ${place}, expected nearest or linear without antialiasing`,
    );
  }
  const target = importer.outputTarget(node, order);
  importer.define(node, importer.builder.resize(value, height, width, method, coordinates, target));
}

/** The scale that a file states; sizes may be rounded. */
function scaleOf(importer: OnnxImporter, node: OnnxNode, axis: number): number | undefined {
  const known = importer.known(node);
  if (known.list(3)?.length) return undefined;
  const scales = known.list(node.inputs.length > 2 ? 2 : 1) ?? node.attributes.get('scales')?.floats;
  const axes = node.attributes.get('axes')?.integers;
  return scales?.[axes ? axes.indexOf(axis) : axis];
}

/** The layer's way of placing pixels that gives the very pixels of the file's; undefined where none does. */
function findCoordinates({ operator, attributes }: OnnxNode, axes: readonly Axis[], isNearest: boolean) {
  const isOld = operator === 'Upsample' || !attributes.has('coordinate_transformation_mode');
  const stated =
    attributes.get('coordinate_transformation_mode')?.text ?? (operator === 'Upsample' ? 'asymmetric' : 'half_pixel');
  const place = PLACES.get(stated);
  const usual = operator === 'Upsample' ? 'floor' : 'round_prefer_floor';
  const round = ROUNDING.get(attributes.get('nearest_mode')?.text ?? (isOld ? usual : 'round_prefer_floor'));
  if (place === undefined || round === undefined) return undefined;
  const all = Object.keys(COORDINATES) as Coordinates[];
  return all.find((name) =>
    axes.every((axis) => {
      const last = axis.input - 1;
      const inside = (x: number) => Math.min(Math.max(x, 0), last);
      return Array.from({ length: axis.output }, (_, at) => {
        const [wanted, given] = [place(at, axis), COORDINATES[name](at, axis)];
        return isNearest
          ? inside(round(wanted)) === inside(NEAREST[name](given))
          : Math.abs(inside(wanted) - inside(given)) <= SAME_PLACE * Math.max(1, last);
      }).every(Boolean);
    }),
  );
}
