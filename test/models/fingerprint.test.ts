import { expect, it } from 'vitest';
import { chooseModel } from '../../src/models/choose.js';
import { layerOf, spaceOf } from '../../src/models/features.js';

/** Ids of earlier versions: vectors with another id are refused. */
it.each([
  ['mobilenet_v1', 'f32', 'dfed16d44bbda7e8367fbe5210ccd45e1928bd31cf538e606a08c832ceeb2a32'],
  ['mobilenet_v2', 'f32', '4b0473541cbc194b09628b292abf51be6f7f42d7fa930573647a3e82700af2a1'],
  ['mobilenet_v2', 'int8', '4cf31aac4b648f3902ec0180ea391c1f70602c5d9ae37d775ce4072953416b1e'],
  ['efficientnet_b0', 'f32', '7f387de4555411f06e525d8b0021cf43bd57c70381d57700079b71198b2e40f5'],
  ['efficientnet_lite0', 'int8', '5cebe5a939e459ba44d6f7829d9bfd824ff632b0ab75416d26c6f451184e7905'],
] as const)('vectors of %s in %s are compared with those that users have kept', async (name, dtype, id) => {
  const model = await chooseModel({ model: name, dtype });
  expect((await spaceOf(model, layerOf(model, undefined))).id).toBe(id);
});
