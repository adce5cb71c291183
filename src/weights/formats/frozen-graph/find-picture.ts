import { ModelError } from '../../../errors/errors.js';
import { quoted } from '../../../errors/printable.js';
import { type ConstantValue, multiply } from '../../graph/value.js';
import { readPicture, type TensorflowPicture } from '../../tensorflow/picture.js';
import type { TensorflowNode } from '../../tensorflow/tensorflow-importer.js';

const DEFAULT_RESOLUTION = 224;
const RESIZE = /^Resize(Bilinear|NearestNeighbor|Bicubic|Area)$/;

/** Operators that make pixels of a file: the graph's picture comes out of them. */
export function isDecoder(operator: string): boolean {
  return /^Decode(Jpeg|Png|Bmp|Gif|Image|AndCropJpeg)$/.test(operator);
}

/**
 * The graph's one picture: what a decoder gives, else the only Placeholder. A side that is left open is that of the first
 * resize in the graph.
 * @param nodes what the output depends on
 */
export function findPicture(
  nodes: readonly TensorflowNode[],
  constants: ReadonlyMap<string, ConstantValue>,
  where: string,
  wanted: number | undefined,
): TensorflowPicture {
  const resize = nodes.find(({ operator }) => RESIZE.test(operator));
  const size = constants.get(resize?.inputs[1] ?? '');
  const side = size !== undefined && multiply(size.dims) === 2 ? size.read()[0] : undefined;
  const resolution = wanted ?? side ?? DEFAULT_RESOLUTION;
  const decoders = nodes.filter(({ operator }) => isDecoder(operator));
  const placeholders = nodes.filter(
    ({ operator, inputs }) =>
      /^Placeholder(V2)?$/.test(operator) || (operator === 'PlaceholderWithDefault' && constants.has(inputs[0] ?? '')),
  );
  const pictures = [
    ...decoders.map(({ name }): TensorflowPicture => {
      return { name, height: resolution, width: resolution, channels: 3, rank: 3, isBytes: true };
    }),
    ...placeholders.flatMap((node) => readPicture(node, resolution, true) ?? []),
  ];
  const [picture, ...others] = pictures;
  // A number or a switch with a default of its own stays a constant; one without is an input that nobody gives.
  const missing = placeholders.filter(
    ({ name, operator }) => operator !== 'PlaceholderWithDefault' && !pictures.some((each) => each.name === name),
  );
  if (picture !== undefined && others.length === 0 && missing.length === 0) return picture;
  const names = [...decoders, ...placeholders].map(({ name }) => quoted(name)).join(', ');
  const count = pictures.length + missing.length;
  throw new ModelError('operator-unsupported', {
    where,
    problem:
      picture === undefined ? `no input that is an image${names && ` (${names})`}` : `${count} inputs (${names})`,
    expected: 'one, 1×height×width×channels',
  });
}
