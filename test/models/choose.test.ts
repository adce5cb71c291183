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
    [{ model: 'mobilenet_v1', alpha: 0.5, resolution: 160 }, 'α 0.5 160×160', ' --alpha 0.5 --res 160'],
    [{ model: 'mobilenet_v1', alpha: 0.5, resolution: 144 }, 'α 0.5 144×144', ' --alpha 0.5'],
  ])('names the command that gets what is published, and the other widths: %j', async (choice, asked, words) => {
    const error = await chooseModel(choice).catch((caught: Error) => caught);
    expect(error).toMatchObject({ code: 'model-not-installed' });
    const { message } = error as Error;
    const start = `mobilenet_v1 ${asked}: neither bundled nor installed; run: mobilenet pull mobilenet_v1${words} (`;
    expect(message.startsWith(start)).toBe(true);
    expect(message.slice(start.length)).toMatch(/^(about )?1\.[34] MB, top-1 \d\d\.\d %\); /);
    expect(message).toMatch(/; widths that can be pulled: 0\.25 \((about )?0\.5 MB, top-1 \d\d\.\d %\), 0\.5 \(/);
    expect(message).toMatch(/; nearest bundled width: --alpha 1; run your own: --weights FILE$/);
  });

  it('names a model of one width, and what is bundled', async () => {
    await expect(chooseModel({ model: 'xception' })).rejects.toMatchObject({
      code: 'model-not-installed',
      message: expect.stringMatching(
        /^xception: neither bundled nor installed; run: mobilenet pull xception \(about 91\.4 MB, top-1 79\.0 %\); bundled networks: mobilenet_v2, .*efficientnet_b0.*; run your own: --weights FILE$/,
      ),
    });
  });

  it('names the nearest bundled width where nobody publishes the one asked for', async () => {
    await expect(chooseModel({ alpha: 0.6 })).rejects.toMatchObject({
      code: 'model-not-bundled',
      message: expect.stringMatching(
        /^mobilenet_v2 α 0\.6: neither bundled nor installed nor published; widths that can be pulled: 0\.35 .*; nearest bundled width: --alpha 1; /,
      ),
    });
  });

  it.each([31, 0, 31.5, 4097])('refuses %f pixels', async (resolution) => {
    await expect(chooseModel({ resolution })).rejects.toThrow(
      `--res ${resolution}: mobilenet_v2 cannot classify at this resolution, expected a whole number of pixels from 32 to 4096`,
    );
  });

  it('refuses a name that nothing has', async () => {
    await expect(chooseModel({ model: 'resnet' })).rejects.toThrow(/resnet: unknown model/);
  });
});
