import { describe, expect, it } from 'vitest';
import { createExactSession } from '../../src/engine/exact/session.js';
import { readQuantisedTflite } from '../../src/weights/formats/tflite/integer-graph.js';
import { drawNoise, exactGoldens, runStored } from './exact-golden.js';

function read(name: string) {
  return readQuantisedTflite(new Uint8Array(Buffer.from(exactGoldens.tiny[name]!.file, 'base64')), name);
}

function decode(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

describe('exact session', () => {
  it('stores real values by the file’s scale and zero point, clipped', async () => {
    const graph = read('quantize uint8 to uint8 of 0.1');
    const session = await createExactSession({ graph });
    const { scale, zeroPoint } = graph.maps[graph.input]!;
    const bytes = drawNoise(session.input.length, 9);
    session.input.set(Float32Array.from(bytes, (byte) => scale * (byte - zeroPoint)));
    const output = graph.maps[graph.output]!;
    const expected = Float32Array.from(
      runStored(session, graph, bytes),
      (byte) => output.scale * (byte - output.zeroPoint),
    );
    expect(session.run()).toEqual(expected);

    session.input.fill(1e30);
    const highest = session.run()[0];
    session.input.fill(scale * (255 - zeroPoint));
    expect(session.run()[0]).toBe(highest);
    session.input.fill(Number.NaN);
    expect([...session.run()].every(Number.isFinite)).toBe(true);
  });

  it('takes every pixel byte as it is from prepared floats of the usual scale', async () => {
    const graph = read('average 2x2 s2 uint8');
    const identity = {
      ...graph,
      maps: graph.maps.map((map) => ({ ...map, scale: 1 / 128, zeroPoint: 128 })),
      layers: [{ ...graph.layers[0]!, kernelHeight: 1, kernelWidth: 1, stride: 1 }] as typeof graph.layers,
    };
    identity.maps[1] = identity.maps[0]!;
    const session = await createExactSession({ graph: identity });
    const pixels = Uint8Array.from({ length: session.input.length }, (_, index) => index % 256);
    expect(session.input.length).toBeGreaterThan(256);
    // As images/ prepares them: (pixel / 255 − mean) / std in single precision.
    const mean = 128 / 255;
    const std = 1 / (255 / 128);
    session.input.set(Float32Array.from(pixels, (pixel) => (pixel / 255 - mean) / std));
    expect([...session.run()]).toEqual(Array.from(pixels, (pixel) => (pixel - 128) / 128));
  });

  it('floats outside of a quantised network: the interpreter’s own floats', async () => {
    const name = 'floats outside';
    const session = await createExactSession({ graph: read(name) });
    for (const [index, output] of exactGoldens.tiny[name]!.outputs.entries()) {
      const picture = drawNoise(session.input.length, index + 1);
      session.input.set(Float32Array.from(picture, (byte) => Math.fround(byte - 100) / 50));
      expect([...session.run()]).toEqual([...new Float32Array(decode(output).buffer)]);
    }
  });

  it('adds the softmax that a file leaves out', async () => {
    const graph = read('fully connected uint8');
    const [plain, added] = [await createExactSession({ graph }), await createExactSession({ graph, added: 'softmax' })];
    for (const session of [plain, added]) session.input.set(drawNoise(37, 4).map((byte) => byte / 64));
    const logits = [...plain.run()];
    const sum = logits.reduce((total, value) => total + Math.exp(value), 0);
    const probabilities = added.run();
    for (const [index, value] of logits.entries()) expect(probabilities[index]).toBeCloseTo(Math.exp(value) / sum, 6);
  });

  it('runs again to the same bytes', async () => {
    const graph = read('pad before a convolution int8');
    const session = await createExactSession({ graph });
    const [a, b] = [drawNoise(108, 1), drawNoise(108, 2)];
    const first = runStored(session, graph, a);
    expect(runStored(session, graph, b)).not.toEqual(first);
    expect(runStored(session, graph, a)).toEqual(first);
  });
});
