/**
 * npm run bench -- [MODEL…] [--shapes] [--runs N] [--json]
 * The networks at their published sizes on this Node.js: time, GMAC/s, share of the SIMD ceiling. `--shapes`: also each
 * distinct shape of their convolutions, measured where the networks run it: median over all its places.
 */
import { parseArgs } from 'node:util';
import type { BenchFacts, BenchRecord } from '../../src/domain/bench.js';
import { median } from '../../src/domain/statistics.js';
import type { ResolvedLayer, Shape } from '../../src/networks/types.js';
import { alignColumns, type Side } from '../../src/report/columns.js';
import { alphaText, grouped } from '../../src/report/units.js';
import { bench, benchSubject } from '../../src/use-cases/bench.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    shapes: { type: 'boolean', default: false },
    runs: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const models = positionals.length > 0 ? positionals : ['mobilenet_v1', 'mobilenet_v2', 'xception', 'efficientnet_b0'];
const runs = flags.runs === undefined ? undefined : Number(flags.runs);

interface Place {
  readonly shape: string;
  readonly kernel: string;
  readonly network: string;
  readonly ms: number;
  readonly macs: number;
}

const results: { record: BenchRecord; facts: BenchFacts }[] = [];
const places: Place[] = [];
for (const model of models) {
  const result = await bench({ model, layers: flags.shapes, ...(runs !== undefined && { runs }) });
  results.push(result);
  if (!flags.shapes) continue;
  const { network } = await benchSubject({ model });
  places.push(...placesOf(result.record, network.layers));
}
const ceiling = Math.max(...results.map(({ facts }) => facts.ceiling));

if (flags.json) {
  console.log(JSON.stringify({ ceiling, networks: results.map(({ record }) => record) }, null, 2));
} else {
  console.log(`${results[0]!.facts.runtime} · f32 · 1 thread · SIMD ceiling ${ceiling.toFixed(1)} GMAC/s\n`);
  console.log(networkTable().join('\n'));
  if (flags.shapes) console.log(`\n${shapeTable().join('\n')}`);
}

/** The steps with a layer that multiplies, each under its shape; a folded layer is found by the step's MACs. */
function placesOf(record: BenchRecord, layers: readonly ResolvedLayer[]): Place[] {
  return record.layers!.flatMap(({ layer, kernel, ms, macs }) => {
    if (macs === 0) return [];
    const own = multiplierOf(layer, layers);
    return own ? [{ shape: shapeText(own), kernel, network: record.network, ms, macs }] : [];
  });
}

/** The layer itself, or the one before it that was folded with it. */
function multiplierOf(name: string, layers: readonly ResolvedLayer[]): ResolvedLayer | undefined {
  const layer = layers.find((each) => each.name === name);
  if (!layer || layer.parameters.some((parameter) => parameter.name === 'weights')) return layer;
  const inputs = layer.inputs.map((input) => layers.findIndex((each) => each.name === input));
  const last = layers[Math.max(...inputs)];
  return last && multiplierOf(last.name, layers);
}

function shapeText(layer: ResolvedLayer): string {
  const sizeOf = ({ height, width, channels }: Shape) => `${height}×${width}×${channels}`;
  const window = 'kernelSize' in layer ? `${layer.kernelSize}×${layer.kernelSize}` : '1×1';
  const stride = 'stride' in layer && layer.stride > 1 ? ` s${layer.stride}` : '';
  const output = layer.kind === 'depthwise' ? '' : ` → ${layer.outputShape.channels}`;
  return `${layer.kind} ${window}${stride} ${sizeOf(layer.inputShapes[0]!)}${output}`;
}

function networkTable(): readonly string[] {
  const sides: Side[] = ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'];
  return alignColumns(
    [
      ['network', 'ms', 'min', 'p95', 'MACs', 'GMAC/s', 'of ceiling', 'weights'],
      ...results.map(({ record, facts }) => [
        `${record.network} ${alphaText(record.alpha)}/${record.resolution}`,
        record.ms.median.toFixed(2),
        record.ms.min.toFixed(2),
        record.ms.p95.toFixed(2),
        grouped(record.macs),
        record.gmacsPerSecond.toFixed(1),
        `${(100 * record.ceilingShare!).toFixed(1)} %`,
        facts.weights,
      ]),
    ],
    sides,
  );
}

/** By kernel, the shape that takes the most time first. */
function shapeTable(): readonly string[] {
  const shapes = new Map<string, Place[]>();
  for (const place of places) {
    const key = `${place.kernel} ${place.shape}`;
    shapes.set(key, [...(shapes.get(key) ?? []), place]);
  }
  const rows = [...shapes.values()].map((same) => {
    const { kernel, shape, macs } = same[0]!;
    const ms = median(same.map((place) => place.ms));
    const speed = macs / ms / 1e6;
    const networks = [...new Set(same.map(({ network }) => network))].join(', ');
    return { kernel, shape, count: same.length, ms, speed, networks };
  });
  rows.sort((a, b) => (a.kernel < b.kernel ? -1 : a.kernel > b.kernel ? 1 : b.ms * b.count - a.ms * a.count));
  const cells = rows.map(({ kernel, shape, count, ms, speed, networks }) => {
    const share = `${((100 * speed) / ceiling).toFixed(1)} %`;
    return [kernel, shape, String(count), ms.toFixed(4), speed.toFixed(1), share, networks];
  });
  return alignColumns(
    [['kernel', 'shape', 'places', 'ms each', 'GMAC/s', 'of ceiling', 'in'], ...cells],
    ['left', 'left', 'right', 'right', 'right', 'right', 'left'],
  );
}
