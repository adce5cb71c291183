import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createExactLanes } from '../../src/engine/exact/lanes.js';
import { createExactSession } from '../../src/engine/exact/session.js';
import { bindLane } from '../../src/engine/lanes.js';
import { readQuantisedTflite } from '../../src/weights/formats/tflite/integer-graph.js';
import { joinGraphs, type QuantisedGraph } from '../../src/weights/quantised-graph.js';
import { sharedPath } from '../shared.js';
import { drawNoise, drawSmooth, exactGoldens, realValues, runStored, storedValues } from './exact-golden.js';

const folder = sharedPath('weights');

type SessionKind = Parameters<typeof createExactSession>[1];

function decode(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function inputShape(graph: QuantisedGraph) {
  const { height, width, channels } = graph.maps[graph.input]!.shape;
  return { height, width, count: height * width * channels };
}

function read(files: readonly string[]): QuantisedGraph {
  return files.map((file) => readQuantisedTflite(readFileSync(`${folder}/${file}`), file)).reduce(joinGraphs);
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function findTop(bytes: Uint8Array): [number, number][] {
  return Array.from(bytes, (value, index): [number, number] => [index, value])
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, 5);
}

describe('integer networks give the bytes of TFLite’s reference kernels', () => {
  const names = Object.keys(exactGoldens.tiny).filter((name) => name !== 'floats outside');
  it.each(names)('%s', async (name) => {
    const { file, outputs } = exactGoldens.tiny[name]!;
    const graph = readQuantisedTflite(decode(file), name);
    const session = await createExactSession({ graph });
    const { count } = inputShape(graph);
    const results = outputs.map((_, index) => runStored(session, graph, drawNoise(count, index + 1)));
    expect(results.map((bytes) => [...bytes])).toEqual(outputs.map((text) => [...decode(text)]));
    // Golden outputs that were all the same would prove little.
    expect(new Set(outputs).size).toBeGreaterThan(1);
  });
});

describe.skipIf(folder === undefined)('quantised files of the reference data: the interpreter’s bytes', () => {
  describe.each(Object.entries(exactGoldens.files))('%s', (_, { files, noise, smooth }) => {
    it.each<SessionKind>([{}, { deterministic: true }, { threads: 2 }, { threads: 3 }, { threads: 4 }])(
      '%j',
      async (options) => {
        const graph = read(files);
        const session = await createExactSession({ graph }, options);
        const { height, width, count } = inputShape(graph);
        const pictures = [drawNoise(count, 1), drawSmooth(height, width)];
        const outputs = pictures.map((picture) => runStored(session, graph, picture));
        session.close();
        expect(outputs.map((bytes) => findTop(bytes))).toEqual([noise.top, smooth.top]);
        expect(outputs.map(hash)).toEqual([noise.sha256, smooth.sha256]);
        expect(noise.sha256).not.toBe(smooth.sha256);
      },
    );

    it('in lanes, of values and of bytes', async () => {
      const graph = read(files);
      const from = graph.maps[graph.input]!;
      const { height, width, count } = inputShape(graph);
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const values = realValues(from, all);
      const valuesOfBytes = Float32Array.from({ length: 768 }, (_, at) => values[at % 256]!);
      const lanes = await createExactLanes({ graph }, 2, { valuesOfBytes });
      const pictures = [drawNoise(count, 1), drawSmooth(height, width)];
      for (const lane of lanes.map(bindLane)) {
        for (const give of [(bytes: Uint8Array) => bytes, (bytes: Uint8Array) => realValues(from, bytes)]) {
          const outputs = pictures.map((picture) => storedValues(graph.maps[graph.output]!, lane.run(give(picture))));
          expect(outputs.map(hash)).toEqual([noise.sha256, smooth.sha256]);
        }
      }
    });
  });
});
