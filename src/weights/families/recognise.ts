import { ModelError, UsageError } from '../../errors/errors.js';
import { MAX_CLASSES } from '../../networks/channels.js';
import { candidateAlphas } from '../../networks/identify.js';
import { networks } from '../../networks/index.js';
import { resolve } from '../../networks/resolve.js';
import type { Network, ParameterName, ResolvedLayer, ResolvedNetwork } from '../../networks/types.js';
import { listDifferences } from '../check.js';
import type { LayerWeights, NamedTensors, NetworkWeights, Tensor } from '../types.js';
import { families } from './index.js';
import { type LinearKind, type Relaid, relayout } from './layouts.js';
import type { Family, FoundTensor } from './types.js';

/** What a caller knows better than the names and shapes. */
export interface RecogniseOptions {
  /** Only families of this network. */
  readonly model?: string;
  /** Tried first, where rounding lets several fit. */
  readonly alpha?: number;
}

/** A checkpoint in the terms of this project. */
export interface Recognised {
  readonly family: Family;
  /** Ends in the pooled features where the checkpoint has no classifier. */
  readonly network: Network;
  readonly hasHead: boolean;
  /** In the layouts of `networks/types.ts`, batch norms as the checkpoint has them. */
  readonly weights: NetworkWeights;
}

/** A family of which fewer tensors than this part are there is not worth a list of differences. */
const LIKENESS = 0.25;

/** Weights alone do not say what is computed with them. */
const USE_GRAPH =
  'use a file that says itself what is computed: ONNX (torch.onnx.export(model, example, "model.onnx")), Keras (model.save) or TFLite';

interface Wanted {
  readonly layer: ResolvedLayer;
  readonly parameter: ParameterName;
}

/** A family's names beside those of a file. */
interface Match {
  readonly family: Family;
  readonly network: ResolvedNetwork;
  readonly found: ReadonlyMap<string, FoundTensor>;
  readonly wanted: ReadonlyMap<string, Wanted>;
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly present: number;
  readonly hasHead: boolean;
}

/**
 * Finds from names and shapes alone which family's checkpoint of which network the tensors are, and at which width.
 * @param where the file's name, for messages
 * @throws ModelError `weights-unknown` where no family is like it; `weights-mismatch` with what is missing, unexpected
 * or misshapen for the family that is most like it
 */
export function recognise(tensors: NamedTensors, where: string, options: RecogniseOptions = {}): Recognised {
  const { model } = options;
  const candidates = families.filter(({ network }) => model === undefined || network === model);
  const matches = candidates.map((family) => matchNames(family, tensors));
  const best = matches.reduce<Match | undefined>((a, b) => (a && score(a) >= score(b) ? a : b), undefined);
  if (!best || best.present < LIKENESS * best.wanted.size) {
    const names = [...tensors.keys()].slice(0, 3).map((name) => JSON.stringify(name.slice(0, 100)));
    const shown = `${tensors.size} tensors${names.length > 0 ? ` (${names.join(', ')}, …)` : ''}`;
    throw new ModelError('weights-unknown', {
      where,
      problem: `${shown} of no known checkpoint${model === undefined ? '' : ` of ${model}`}`,
      remedy: USE_GRAPH,
    });
  }
  return fit(best, where, options);
}

const score = ({ present, missing, unexpected }: Match) => present - missing.length - unexpected.length;

function matchNames(family: Family, tensors: NamedTensors): Match {
  const entry = networks[family.network];
  const network = resolve(entry.build(), { resolution: entry.defaultResolution });
  const wanted = new Map<string, Wanted>();
  for (const layer of network.layers) {
    const names = family.names(layer.name);
    for (const { name: parameter } of layer.parameters) {
      const name = names[parameter];
      if (name !== undefined) wanted.set(name, { layer, parameter });
    }
    // In place of a batch norm that is folded already.
    if (layer.parameters.some(({ name }) => name === 'gamma') && names.bias !== undefined) {
      wanted.set(names.bias, { layer, parameter: 'bias' });
    }
  }
  const unwrapped = family.dialect.unwrap?.(tensors, anchorsOf(family, network)) ?? tensors;
  const { named, repeated } = rename(family, unwrapped, new Set(wanted.keys()));
  const head = headOf(network);
  const headNames = family.names(head.name);
  const found = adoptHead(named, wanted, headNames);

  const missing: string[] = [];
  for (const layer of network.layers) {
    const names = family.names(layer.name);
    for (const parameter of required(layer, names, found)) {
      if (!found.has(names[parameter]!)) missing.push(names[parameter]!);
    }
  }
  const hasHead = found.has(headNames.weights!) || found.has(headNames.bias!);
  const unexpected = [...found]
    .filter(([name]) => !isWanted(name, wanted, family, found))
    .map(([, each]) => each.source);
  return {
    family,
    network,
    found,
    wanted,
    missing: hasHead ? missing : missing.filter((name) => name !== headNames.weights && name !== headNames.bias),
    unexpected: [...unexpected, ...repeated],
    present: [...found.keys()].filter((name) => wanted.has(name)).length,
    hasHead,
  };
}

/** Names that every checkpoint of the family has: of the first convolution and of the last. */
function anchorsOf(family: Family, { layers }: ResolvedNetwork): readonly string[] {
  const convolutions = layers.filter(({ kind }) => kind === 'conv' || kind === 'pointwise');
  return [convolutions.at(0), convolutions.at(-1)].flatMap((layer) => {
    const name = layer && family.names(layer.name).weights;
    return name === undefined ? [] : [name];
  });
}

/** Without the spellings that differ from file to file; of two tensors of one name the preferred one. */
function rename(family: Family, tensors: NamedTensors, known: ReadonlySet<string>) {
  const { dialect, settle } = family;
  const named = new Map<string, FoundTensor>();
  const repeated: string[] = [];
  for (const [source, tensor] of tensors) {
    const name = dialect.rename(source);
    if (name === undefined) continue;
    const other = named.get(name);
    if (other && !dialect.isPreferred?.(source)) {
      if (!dialect.isPreferred?.(other.source)) repeated.push(source);
      continue;
    }
    named.set(name, { source, tensor });
  }
  return { named: settle?.(named, known) ?? named, repeated };
}

/** The classifier: the last layer with weights. */
function headOf(network: ResolvedNetwork): ResolvedLayer {
  return network.layers.findLast(({ kind }) => kind === 'dense')!;
}

/** A classifier under a name of its owner's: where the family's is absent and just one linear layer is left. */
function adoptHead(
  found: ReadonlyMap<string, FoundTensor>,
  wanted: ReadonlyMap<string, Wanted>,
  names: ReturnType<Family['names']>,
): ReadonlyMap<string, FoundTensor> {
  if (found.has(names.weights!) || found.has(names.bias!)) return found;
  const others = [...found].filter(([name]) => !wanted.has(name));
  const matrix = others.find(([, { tensor }]) => tensor.shape.length === 2);
  const vector = others.find(([, { tensor }]) => tensor.shape.length === 1);
  if (others.length !== 2 || !matrix || !vector || moduleOf(matrix[0]) !== moduleOf(vector[0])) return found;
  const [classes = 0] = vector[1].tensor.shape;
  if (!matrix[1].tensor.shape.includes(classes)) return found;
  const adopted = new Map(found);
  for (const [name] of others) adopted.delete(name);
  return adopted.set(names.weights!, matrix[1]).set(names.bias!, vector[1]);
}

/** The layer that a parameter belongs to. */
function moduleOf(name: string): string {
  return name.replace(/[./][^./]+$/, '');
}

type Names = ReturnType<Family['names']>;

/** The parameters that a layer needs: a bias in place of a batch norm that the file has folded. */
function required(layer: ResolvedLayer, names: Names, found: ReadonlyMap<string, FoundTensor>): ParameterName[] {
  const all = layer.parameters.map(({ name }) => name);
  return isFolded(layer, names, found) ? ['weights', 'bias'] : all;
}

function isFolded(layer: ResolvedLayer, names: Names, found: ReadonlyMap<string, FoundTensor>): boolean {
  const hasNorm = layer.parameters.some(({ name }) => name === 'gamma');
  return hasNorm && names.bias !== undefined && found.has(names.bias) && !found.has(names.gamma!);
}

function isWanted(
  name: string,
  wanted: ReadonlyMap<string, Wanted>,
  family: Family,
  found: ReadonlyMap<string, FoundTensor>,
): boolean {
  const place = wanted.get(name);
  if (!place) return false;
  return required(place.layer, family.names(place.layer.name), found).includes(place.parameter);
}

/** Finds the width at which the shapes fit, and puts everything into our layouts. */
function fit(match: Match, where: string, { alpha: wish }: RecogniseOptions): Recognised {
  const { family, found, hasHead } = match;
  const { build, defaultResolution: resolution } = networks[family.network];
  const relaid = new Map<string, Relaid>();
  const strange: string[] = [];
  for (const [name, { layer, parameter }] of match.wanted) {
    const { source, tensor } = found.get(name) ?? {};
    if (!tensor || source === undefined) continue;
    const shape =
      parameter === 'weights'
        ? relayout(tensor, layer.kind as LinearKind, family.dialect.axes)
        : { shape: tensor.shape, make: () => tensor };
    if (shape) relaid.set(name, shape);
    else strange.push(`${source} [${tensor.shape.join(', ')}] for a ${layer.kind} layer`);
  }

  const head = family.names(headOf(match.network).name);
  const classes = relaid.get(head.weights!)?.shape.at(-1) ?? found.get(head.bias!)?.tensor.data.length ?? 1000;
  if (classes < 1 || classes > MAX_CLASSES) {
    throw new ModelError('weights-mismatch', { where, problem: `${classes} classes`, expected: `1 to ${MAX_CLASSES}` });
  }
  const widths = listWidths(match, relaid);
  const alphas = candidateAlphas(family.network, listWidths(match), widths);
  let best: { readonly network: Network; readonly misshapen: readonly string[] } | undefined;
  for (const alpha of wish === undefined ? alphas : [wish, ...alphas]) {
    const network = build({ alpha, classes });
    const misshapen = compareShapes(match, relaid, resolve(network, { resolution }));
    if (!best || misshapen.length < best.misshapen.length) best = { network, misshapen };
    if (misshapen.length === 0) break;
  }
  const { network, misshapen } = best!;
  const differences = listDifferences(match.missing, match.unexpected, [...strange, ...misshapen]);
  if (differences !== undefined) {
    throw new ModelError('weights-mismatch', {
      where,
      problem: differences,
      expected: `${family.title}, α ${network.alpha}`,
      remedy: USE_GRAPH,
    });
  }
  if (wish !== undefined && wish !== network.alpha) {
    throw new UsageError({
      where: `--alpha ${wish}`,
      problem: `${where} holds ${network.alpha}`,
      expected: 'the same or no --alpha',
    });
  }
  const difference = family.differs?.(network);
  if (difference !== undefined) {
    throw new ModelError('network-unsupported', {
      where,
      problem: `${family.title} at α ${network.alpha} ${difference}`,
      expected: `a width at which it is ${network.id}`,
    });
  }
  const weights = gather(match, relaid, hasHead);
  return { family, network: hasHead ? network : withoutHead(network, match.network), hasHead, weights };
}

/** Output channels of the layers that have them, of the file or else of the network at α 1, without the classifier. */
function listWidths({ network, family }: Match, relaid?: ReadonlyMap<string, Relaid>): number[] {
  const head = headOf(network);
  return network.layers.flatMap((layer) => {
    if (layer === head || !('outChannels' in layer)) return [];
    if (!relaid) return [layer.outChannels];
    return [relaid.get(family.names(layer.name).weights!)?.shape.at(-1) ?? 0];
  });
}

function compareShapes(match: Match, relaid: ReadonlyMap<string, Relaid>, network: ResolvedNetwork): string[] {
  const misshapen: string[] = [];
  for (const layer of network.layers) {
    const names = match.family.names(layer.name);
    const channels = layer.parameters.at(-1)?.shape.at(-1);
    for (const parameter of required(layer, names, match.found)) {
      const shape = relaid.get(names[parameter]!)?.shape;
      const expected = layer.parameters.find(({ name }) => name === parameter)?.shape ?? [channels!];
      if (!shape || (shape.length === expected.length && shape.every((extent, axis) => extent === expected[axis]))) {
        continue;
      }
      const source = match.found.get(names[parameter]!)!.source;
      misshapen.push(`${source} [${shape.join(', ')}] instead of [${expected.join(', ')}]`);
    }
  }
  return misshapen;
}

function gather(match: Match, relaid: ReadonlyMap<string, Relaid>, hasHead: boolean): NetworkWeights {
  const weights = new Map<string, LayerWeights>();
  const head = headOf(match.network);
  for (const layer of match.network.layers) {
    if (layer.parameters.length === 0 || (layer === head && !hasHead)) continue;
    const names = match.family.names(layer.name);
    const make = (parameter: ParameterName): Tensor => relaid.get(names[parameter]!)!.make();
    const needed = required(layer, names, match.found);
    weights.set(layer.name, {
      weights: make('weights'),
      ...(needed.includes('bias') && { bias: make('bias') }),
      ...(needed.includes('gamma') && {
        batchNorm: { gamma: make('gamma'), beta: make('beta'), mean: make('mean'), variance: make('variance') },
      }),
    });
  }
  return weights;
}

/** Up to the pooled features. */
function withoutHead(network: Network, resolved: ResolvedNetwork): Network {
  const end = network.layers.findIndex(({ name }) => name === headOf(resolved).name);
  const layers = network.layers.slice(0, end);
  const features = layers.findLast((layer) => 'outChannels' in layer);
  return { ...network, layers, classes: (features as { readonly outChannels: number }).outChannels };
}
