import type { MapValue } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import type { OnnxImporter } from './onnx-importer.js';
import { readWindow } from './window.js';

export function importGlobalAverage(importer: OnnxImporter, node: OnnxNode): void {
  importer.define(node, averageAll(importer, node, importer.picture(node), true));
}

export function averageAll(importer: OnnxImporter, node: OnnxNode, value: MapValue, keepDims: boolean): MapValue {
  const { channels } = value.shape;
  const kept = value.order === 'CHW' ? [1, channels, 1, 1] : [1, 1, 1, channels];
  const dims = keepDims ? kept : [1, channels];
  return importer.builder.globalAveragePool(value, importer.target(node, dims, value.order));
}

export function importReduceMean(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const stated = importer.has(node, 1)
    ? importer.integers(node, 1, "ReduceMean's axes")
    : (node.attributes.get('axes')?.integers ?? []);
  const axes = new Set(stated.map((axis) => (axis < 0 ? axis + value.dims.length : axis)));
  const [row, column] = value.order === 'CHW' ? [2, 3] : [1, 2];
  if (value.dims.length !== 4 || axes.size !== 2 || !axes.has(row!) || !axes.has(column!)) {
    throw importer.unsupported(`ReduceMean over axes ${stated.join(', ')}, expected height and width`);
  }
  importer.define(node, averageAll(importer, node, value, importer.attribute(node, 'keepdims', 1) !== 0));
}

export function importAveragePool(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const { height, width } = value.shape;
  const kernel = node.attributes.get('kernel_shape')?.integers ?? [];
  const pads = node.attributes.get('pads')?.integers ?? [];
  const whole = kernel.length === 2 && kernel[0] === height && kernel[1] === width && pads.every((pad) => pad === 0);
  const mode = node.attributes.get('auto_pad')?.text ?? 'NOTSET';
  if (!whole || (mode !== 'NOTSET' && mode !== 'VALID')) {
    throw importer.unsupported(
      `AveragePool of ${kernel.join(' × ')} over ${height} × ${width}, expected a window over the whole map`,
    );
  }
  importer.define(node, averageAll(importer, node, value, true));
}

export function importMaxPool(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const window = readWindow(importer, node, value);
  const made = importer.builder.maxPool(value, window, importer.target(node, [], 'CHW'));
  const { height, width, channels } = made.shape;
  importer.define(node, { ...made, dims: [1, channels, height, width] });
}
