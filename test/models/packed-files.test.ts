import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackedPlan } from '../../src/engine/int8/packed-store.js';
import { nameCall } from '../../src/engine/kernel-signatures.js';
import { createSession } from '../../src/engine/session.js';
import { packedStore } from '../../src/models/packed-files.js';
import { buildNetwork } from '../../src/networks/index.js';
import { resolve } from '../../src/networks/resolve.js';
import { seededWeights } from '../../src/use-cases/seeded-weights.js';
import { calibrated, EPSILON, picture } from '../engine/calibrated.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mobilenet-packed-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const plan: PackedPlan = {
  memoryBytes: 5000,
  arenaAddress: 4096,
  input: { address: 4096, length: 3 },
  output: { address: 4200, length: 2 },
  kept: [],
  steps: [
    {
      ...{ layer: 'a b', scratchBytes: 0, strides: { output: 8 } },
      ...nameCall({ kernel: 'add_f32', args: [1, 2.5, -3, 40, -Infinity, Infinity] }),
    },
  ],
};
const parameters = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);

function onlyFile(): string {
  const files = readdirSync(join(home, 'packed'));
  expect(files).toHaveLength(1);
  return join(home, 'packed', files[0]!);
}

describe('packed parameters', () => {
  it('come back as they were kept, for the same kernels', () => {
    const store = packedStore(home, 'net.1.2');
    expect(store.find('k')).toBeUndefined();
    store.keep('k', plan, parameters);
    const found = packedStore(home, 'net.1.2').find('k')!;
    expect(found.plan).toEqual(plan);
    expect(found.bytes).toBe(1000);
    const into = new Uint8Array(1000);
    expect(found.read(into)).toBe(true);
    expect(into).toEqual(parameters);
    expect(store.find('other')).toBeUndefined();
    expect(packedStore(home, 'net.1.3').find('k')).toBeUndefined();
  });

  it('count for nothing where they are damaged', () => {
    const store = packedStore(home, 'net');
    store.keep('k', plan, parameters);
    const whole = readFileSync(onlyFile());
    const changed = Buffer.from(whole);
    changed[changed.length - 5]! ^= 1;
    writeFileSync(onlyFile(), changed);
    expect(store.find('k')!.read(new Uint8Array(1000))).toBe(false);
    for (const length of [0, 3, 16, 40, whole.length - 1]) {
      writeFileSync(onlyFile(), whole);
      truncateSync(onlyFile(), length);
      expect(store.find('k')).toBeUndefined();
    }
    for (const at of [0, 5, 9, 20, 60]) {
      const other = Buffer.from(whole);
      other[at]! ^= 1;
      writeFileSync(onlyFile(), other);
      expect(store.find('k')).toBeUndefined();
    }
    writeFileSync(onlyFile(), Buffer.alloc(100, 0xff));
    expect(store.find('k')).toBeUndefined();
  });

  it('are not kept where nothing can be written, and nobody minds', () => {
    writeFileSync(join(home, 'packed'), 'in the way');
    packedStore(home, 'net').keep('k', plan, parameters);
    expect(readFileSync(join(home, 'packed'), 'utf8')).toBe('in the way');
  });

  it('are eight at most, and files of others stay', () => {
    mkdirSync(join(home, 'packed'));
    for (let i = 0; i < 12; i++) writeFileSync(join(home, 'packed', `essay ${i}.bin`), 'mine');
    for (let i = 0; i < 12; i++) packedStore(home, `net${i}`).keep('k', plan, parameters);
    expect(readdirSync(join(home, 'packed'))).toHaveLength(12 + 8);
    expect(packedStore(home, 'net11').find('k')).toBeDefined();
  });

  it('leave no part behind where a folder has their name', () => {
    const store = packedStore(home, 'net');
    store.keep('k', plan, parameters);
    const path = onlyFile();
    rmSync(path);
    mkdirSync(join(path, 'x'), { recursive: true });
    store.keep('k', plan, parameters);
    expect(onlyFile()).toBe(path);
  });
});

describe('a session', () => {
  const build = (id: string, alpha: number) =>
    resolve(buildNetwork(id, { alpha, classes: 203 }), { resolution: 71, padding: 'tensorflow' });
  const unread = (): never => {
    throw new Error('was read');
  };

  it.each([
    ['mobilenet_v1', 0.25, false],
    ['mobilenet_v2', 0.35, true],
    ['xception', 0.1, false],
    ['efficientnet_b0', 0.3, false],
    ['efficientnet_b0', 0.3, true],
  ])(
    '%s α %d: finds what an earlier one packed, and reads nothing else (deterministic: %s)',
    async (id, alpha, plain) => {
      const network = build(id, alpha);
      const levels = await calibrated(network, (_, index) => index % 2 === 0);
      const packed = packedStore(home, 'net');
      const options = { packed, deterministic: plain };
      const first = await createSession(network, seededWeights(network, 7), EPSILON, { ...options, levels });
      first.keep();
      const second = await createSession(network, unread, EPSILON, { ...options, levels: unread });
      for (const seed of [5, 6]) {
        for (const session of [first, second]) session.input.set(picture(network, seed));
        expect(second.run()).toEqual(first.run());
      }
      expect(second.plan.steps).toEqual(first.plan.steps);
      const two = { ...options, threads: 2 };
      await expect(createSession(network, unread, EPSILON, { ...two, levels: unread })).rejects.toThrow('was read');
      const other = await createSession(network, seededWeights(network, 7), EPSILON, { ...two, levels });
      other.keep();
      other.close();
      const threaded = await createSession(network, unread, EPSILON, { ...two, levels: unread });
      threaded.input.set(picture(network, 5));
      first.input.set(picture(network, 5));
      expect(threaded.run()).toEqual(first.run());
      threaded.close();
    },
  );

  it('packs anew where what was kept is damaged', async () => {
    const network = build('mobilenet_v2', 0.35);
    const levels = await calibrated(network, () => false);
    const packed = packedStore(home, 'net');
    const weights = seededWeights(network, 7);
    const first = await createSession(network, weights, EPSILON, { packed, levels });
    first.keep();
    const bytes = readFileSync(onlyFile());
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(onlyFile(), bytes);
    const second = await createSession(network, weights, EPSILON, { packed, levels });
    for (const session of [first, second]) session.input.set(picture(network, 5));
    expect(second.run()).toEqual(first.run());
  });
});
