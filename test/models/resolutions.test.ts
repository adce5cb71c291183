import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { ModelChoice } from '../../src/domain/model-choice.js';
import { loadPixelKernels } from '../../src/engine/pixels.js';
import { createSession } from '../../src/engine/session.js';
import { prepareImage } from '../../src/images/prepare.js';
import { chooseModel } from '../../src/models/choose.js';
import { exportModel } from '../../src/use-cases/export.js';
import { importModel } from '../../src/use-cases/import.js';
import { runReference } from '../reference-network.js';

const alps = fileURLToPath(new URL('../photos/alps.jpg', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'mobilenet-resolutions-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(choice: ModelChoice) {
  const model = await chooseModel(choice);
  const { network, epsilon, preprocessing, readLevels } = model;
  const session = await createSession(network, model.readWeights(), epsilon, readLevels && { levels: readLevels });
  await prepareImage(alps, preprocessing, session.input, loadPixelKernels());
  const picture = Float32Array.from(session.input);
  return { model, picture, output: Float32Array.from(session.run()) };
}

const most = (a: Float32Array, b: Float32Array) => a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i]!)), 0);

describe('bundled weights at other resolutions', () => {
  it.each([96, 97, 128, 160, 192, 320])(
    'MobileNetV2 at %i gives what the naive reference gives',
    async (resolution) => {
      const { model, picture, output } = await run({ resolution });
      const { network, epsilon } = model;
      expect(model.facts).toMatchObject({ resolution, trainedResolution: 224 });
      expect(most(output, runReference(network, model.readWeights(), picture, { epsilon }))).toBeLessThan(1e-4);
    },
    60_000,
  );

  it('EfficientNet-B0 at 128 gives what the naive reference gives', async () => {
    const { model, picture, output } = await run({ model: 'efficientnet_b0', resolution: 128 });
    const reference = runReference(model.network, model.readWeights(), picture, { epsilon: model.epsilon });
    expect(most(output, reference)).toBeLessThan(1e-4);
  }, 60_000);

  it.each([96, 160, 320])('integers at %i stay near the floats', async (resolution) => {
    const floats = await run({ resolution });
    const integers = await run({ resolution, dtype: 'int8' });
    expect(integers.model.facts).toMatchObject({ resolution, trainedResolution: 224, dtype: 'int8' });
    expect(most(floats.output, integers.output)).toBeLessThan(0.15);
  });

  it('an exported file gives the same, and says at what it was trained', async () => {
    const path = join(folder, 'at160.safetensors');
    await exportModel({ resolution: 160 }, path);
    const bundled = await run({ resolution: 160 });
    const exported = await run({ weights: [path] });
    expect(exported.model.facts).toMatchObject({ resolution: 160, trainedResolution: 224 });
    expect(exported.output).toEqual(bundled.output);
    vi.stubEnv('MOBILENET_HOME', join(folder, 'home'));
    await importModel(path, { name: 'at160' });
    const imported = await run({ model: 'at160' });
    vi.unstubAllEnvs();
    expect(imported.model.facts).toMatchObject({ resolution: 160, trainedResolution: 224 });
    expect(most(imported.output, bundled.output)).toBeLessThan(1e-6);
    const back = await run({ weights: [path], resolution: 224 });
    expect(back.model.preprocessing).toMatchObject({ resize: 256, resolution: 224 });
    expect(back.output).toEqual((await run({})).output);
  });
});
