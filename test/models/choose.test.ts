import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chooseModel } from '../../src/models/choose.js';

const home = mkdtempSync(join(tmpdir(), 'mobilenet-choose-'));
beforeAll(() => vi.stubEnv('MOBILENET_HOME', home));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

describe('chooseModel', () => {
  it('takes a bundled model by its network or its own name', async () => {
    const facts = { network: 'efficientnet_b0', alpha: 1, resolution: 224, dtype: 'f32' };
    expect((await chooseModel({ model: 'efficientnet_b0' })).facts).toMatchObject(facts);
    expect((await chooseModel({ model: 'efficientnet_b0_224' })).facts).toMatchObject(facts);
  });

  it.each([
    [
      { model: 'mobilenet_v1', alpha: 0.5, resolution: 160 },
      'mobilenet_v1 α 0.5 160×160',
      ' mobilenet_v1 --alpha 0.5 --res 160',
    ],
    [{ model: 'xception' }, 'xception', ' xception'],
  ])('names the command that gets what is published: %j', async (choice, asked, words) => {
    await expect(chooseModel(choice)).rejects.toMatchObject({
      code: 'model-not-installed',
      message:
        `${asked}: neither bundled nor installed; run: mobilenet pull${words} (--pull does it at once); ` +
        'or give a file of your own: --weights FILE',
    });
  });

  it('says what is bundled where nobody publishes the model', async () => {
    await expect(chooseModel({ model: 'efficientnet_b0', resolution: 192 })).rejects.toMatchObject({
      code: 'model-not-bundled',
      message:
        'efficientnet_b0 192×192: neither bundled (mobilenet_v2 α 1 224×224, efficientnet_b0 α 1 224×224, efficientnet_lite0 α 1 224×224, mobilenet_v1 α 1 224×224) nor installed ' +
        'nor published; give a file of your own: --weights FILE',
    });
  });

  it('refuses a name that nothing has', async () => {
    await expect(chooseModel({ model: 'resnet' })).rejects.toThrow(/resnet: unknown model/);
  });
});
