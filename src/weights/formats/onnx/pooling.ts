import type { MapValue } from '../../graph/value.js';
import type { OnnxNode } from './graph.js';
import { reducedAxes } from './infer-shapes.js';
import type { OnnxImporter } from './onnx-importer.js';
import { readWindow } from './window.js';

export function importGlobalAverage(importer: OnnxImporter, node: OnnxNode): void {
  importer.define(node, averageAll(importer, node, importer.picture(node)));
}

export function averageAll(importer: OnnxImporter, node: OnnxNode, value: MapValue): MapValue {
  return importer.builder.globalAveragePool(value, importer.outputTarget(node, value.order));
}

export function importReduceMean(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.map(node);
  const axes = reducedAxes(node, importer.known(node), value.dims.length) ?? new Set();
  const [row, column] = value.order === 'CHW' ? [2, 3] : [1, 2];
  if (value.dims.length !== 4 || axes.size !== 2 || !axes.has(row!) || !axes.has(column!)) {
    throw importer.unsupported(`ReduceMean over axes ${[...axes].join(', ')}, expected height and width`);
  }
  importer.define(node, averageAll(importer, node, value));
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
  importer.define(node, averageAll(importer, node, value));
}

export function importMaxPool(importer: OnnxImporter, node: OnnxNode): void {
  const value = importer.picture(node);
  const window = readWindow(importer, node, value);
  importer.define(node, importer.builder.maxPool(value, window, importer.outputTarget(node)));
}
