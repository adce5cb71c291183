import { loadGroups } from '../batch/groups.js';
import { lookAhead } from '../batch/look-ahead.js';
import { namedClasses } from '../batch/named-classes.js';
import { fetchContent, originOf } from '../batch/run.js';
import {
  type ActivationMap,
  activationMap,
  areaOfCells,
  difference,
  evidenceOf,
  type LogitRule,
  smallestBox,
} from '../domain/activation-map.js';
import { type Area, overlap } from '../domain/area.js';
import type { Prediction } from '../domain/classification.js';
import type { ExplainedClass, PictureExplanation } from '../domain/explanation.js';
import type { Label } from '../domain/label.js';
import type { ModelChoice } from '../domain/model-choice.js';
import { ImageError, ModelError, UsageError } from '../errors/errors.js';
import { printable } from '../errors/printable.js';
import type { DecodedImage } from '../images/decoded-image.js';
import { isOneColour } from '../images/one-colour.js';
import { inputArea, placedSize } from '../images/placement.js';
import { decodeWhole } from '../images/prepare.js';
import { findInputs } from '../inputs/find.js';
import type { Input } from '../inputs/types.js';
import { readLogitRules } from '../models/logit-rules.js';
import type { Model } from '../models/model.js';
import { type Head, headOf } from '../networks/head.js';
import { FULL_COLOUR } from '../report/heat-map.js';
import { noImagesFound } from '../report/no-images.js';
import { openModel } from '../runners/open.js';
import type { Maps } from '../runners/types.js';
import { type BatchHost, chooseOrInstall } from './open-batch.js';

/** A picture, and the class whose evidence is looked for. */
export interface ExplainRequest {
  /** A file, `-`, or an address. */
  readonly name: string;
  readonly choice: ModelChoice;
  /** The same last digits on every runtime: no fused multiply-add. */
  readonly deterministic?: boolean;
  /** Whether every pixel of a large picture is decoded, also where fewer are enough. */
  readonly fullDecode?: boolean;
  /** By label, synset id, index or group (the most probable class of it); by default the most probable of all. */
  readonly class?: string | undefined;
  /** The class that it is compared with, named alike. */
  readonly against?: string | undefined;
  readonly maxPixels: number;
  readonly lenient: boolean;
}

export type ExplainHost = Pick<BatchHost, 'stdin' | 'fetchPicture' | 'installModel' | 'onNote'>;

export interface Explained {
  readonly explanation: PictureExplanation;
  /**
   * The whole upright picture that was classified, with as many pixels as the file has: decoded again where that was done with
   * fewer.
   */
  readonly readImage: () => Promise<DecodedImage>;
}

/** With a map before the pooling, so that logits can be followed back to places in the picture. */
type MapHead = Head & { readonly map: string };

const BOX_SHARE = 0.8;

/**
 * Where in a picture a class's logit comes from: the class activation map.
 *
 *     choice → Model → networks/head: which map? → runners/open, which keeps it
 *     name → inputs/find → one picture → images: upright pixels → runner: predictions, map, logits
 *         → models/logit-rules: weights of the class → domain/activation-map: grid
 *         → images/placement: where the grid lies in the picture
 *
 * @throws UsageError for a class that does not exist, or several pictures; ModelError `no-map` for a network whose logits are
 * no sum over places, and as `chooseModel`; ImageError for a picture that cannot be read
 */
export async function explain(request: ExplainRequest, host: ExplainHost): Promise<Explained> {
  const model = await chooseOrInstall(request.choice, host.installModel);
  for (const note of model.notes) host.onNote(note);
  const head = mapHeadOf(model);
  const labels = model.readLabels();
  const named = nameClasses(request, labels);
  const input = await findOne(request.name, host);
  const { file, path } = input;
  const keep = [head.map, head.classifier.name];
  const runner = await openModel(
    model,
    { kind: 'thread', pictures: 1 },
    { keep, deterministic: request.deterministic },
  );
  try {
    const start = performance.now();
    const { fullDecode, lenient, maxPixels } = request;
    const source = { name: file, ...(typeof path !== 'string' && { path }) };
    const read = (all: boolean | undefined) =>
      decodeWhole(input.bytes ?? file, model.preprocessing, { ...source, lenient, maxPixels, fullDecode: all });
    const image = await read(fullDecode);
    const decode = performance.now() - start;
    const classified = await runner.classify({ file, path, pixels: image }, { top: labels.length });
    const { predictions, maps, ms, unknown } = classified;
    const logits = createLogits(model, head, labels.length, maps!);
    const explanation = {
      ...originOf(input),
      ...image.facts,
      model: model.facts,
      ...(unknown && { unknown }),
      ...explainClasses(chooseClasses(named, predictions), logits),
    };
    const placed = place(explanation.grid, image, model);
    return {
      explanation: { ...explanation, ...placed, ms: { decode: decode + ms.decode, run: ms.run } },
      readImage: async () => (image.shrunk ? read(true) : image),
    };
  } finally {
    runner.close();
  }
}

/** @throws ModelError `no-map` */
function mapHeadOf({ network, facts }: Model): MapHead {
  const head = headOf(network);
  if (head?.map !== undefined) return { ...head, map: head.map };
  const kind = network.layers.find(({ name }) => name === head?.features)?.kind;
  throw new ModelError('no-map', {
    where: facts.weights,
    problem: head
      ? `cannot be explained: its classifier reads the layer ${printable(head.features)} (${kind}), not the mean of a map`
      : 'cannot be explained: it does not end in one linear layer that reads one value for each channel',
    expected: 'a network that ends in global average pooling and one linear layer',
  });
}

/** @throws UsageError for several pictures, ImageError for none and for one that cannot be found */
async function findOne(name: string, { stdin, fetchPicture }: ExplainHost): Promise<Input> {
  const ended = new AbortController();
  const options = {
    ...(stdin && { stdin: stdin as AsyncIterable<Uint8Array> }),
    ...(fetchPicture && { fetch: (address: string) => fetchPicture(address, ended.signal) }),
  };
  try {
    const [input, second] = (await lookAhead(findInputs([name], options), 2)).first;
    const where = printable(name);
    if (second) throw new UsageError({ where, problem: 'more than one image', expected: 'one image' });
    if (!input) throw new ImageError('not-found', noImagesFound({ names: [name] }));
    if (input.error) throw new ImageError(input.error.code, { problem: input.error.message });
    const { fetch, ...known } = input;
    return fetch ? { ...known, ...(await fetchContent(fetch)) } : input;
  } finally {
    ended.abort();
  }
}

/** Indices of the classes that the options name. */
interface NamedClasses {
  readonly wanted: readonly number[] | undefined;
  readonly against: { readonly indices: readonly number[]; readonly name: string } | undefined;
}

/** @throws UsageError for a class that does not exist */
function nameClasses({ class: wanted, against }: ExplainRequest, labels: readonly Label[]): NamedClasses {
  const find = (option: string, name: string) => namedClasses(option, name, labels, loadGroups());
  return {
    wanted: wanted === undefined ? undefined : find('--class', wanted),
    against: against === undefined ? undefined : { indices: find('--against', against), name: against },
  };
}

/** What is explained: a class, or what sets it apart from another. */
interface Chosen {
  readonly one: Prediction & { readonly rank: number };
  readonly other?: Prediction & { readonly rank: number };
}

/** @param predictions all, most probable first. @throws UsageError where a class is compared with itself */
function chooseClasses({ wanted, against }: NamedClasses, predictions: readonly Prediction[]): Chosen {
  const ranked = predictions.map((prediction, at) => ({ ...prediction, rank: at + 1 }));
  const one = ranked.find(({ index }) => !wanted || wanted.includes(index))!;
  if (!against) return { one };
  const other = ranked.find(({ index }) => against.indices.includes(index) && index !== one.index);
  if (other) return { one, other };
  throw new UsageError({
    where: `--against ${printable(against.name)}`,
    problem: 'is the class that is explained',
    expected: 'another class',
  });
}

/** How the logits of one picture come about, by the index of the class. */
interface Logits {
  ruleOf(index: number): LogitRule;
  /** As the network computed it; undefined where it shows only what an activation makes of it. */
  shown: ((index: number) => number) | undefined;
  mapOf(rule: LogitRule): ActivationMap;
}

function createLogits(model: Model, { map, classifier }: MapHead, labels: number, maps: Maps): Logits {
  const { outputShape } = model.network.layers.find(({ name }) => name === map)!;
  const values = maps.get(classifier.name)!;
  const isLogit = classifier.activation === 'linear';
  const isHalf = values.length === 1 && labels === 2;
  return {
    ruleOf: readLogitRules(model, classifier, labels),
    shown: isLogit ? (index) => (isHalf ? (index === 0 ? -values[0]! : values[0]!) : values[index]!) : undefined,
    mapOf: (rule) => activationMap(maps.get(map)!, outputShape, rule),
  };
}

function explainClasses({ one, other }: Chosen, { ruleOf, shown, mapOf }: Logits) {
  const rule = other ? difference(ruleOf(one.index), ruleOf(other.index)) : ruleOf(one.index);
  const grid = mapOf(rule);
  const evidence = evidenceOf(grid);
  const sum = evidence.mean + rule.bias;
  const logitOf = shown ?? ((index: number) => evidenceOf(mapOf(ruleOf(index))).mean + ruleOf(index).bias);
  const withLogit = (prediction: Chosen['one']): ExplainedClass => ({
    ...prediction,
    logit: logitOf(prediction.index),
  });
  const logit = logitOf(one.index) - (other ? logitOf(other.index) : 0);
  return {
    class: withLogit(one),
    ...(other && { against: withLogit(other) }),
    ...{ logit, bias: rule.bias },
    identity: { mean: evidence.mean, sum, difference: shown ? sum - logit : null },
    ...{ evidence, grid },
    scale: { unit: 'evidence.average', fullColour: FULL_COLOUR } as const,
  };
}

/** Where the cells lie in the upright picture. */
function place(grid: ActivationMap, image: DecodedImage, { preprocessing }: Model) {
  const { original } = image;
  const { width, height } = placedSize(image);
  const whole = { x: 0, y: 0, width, height };
  const covered = inputArea({ width, height }, preprocessing);
  const seen = overlap(covered, whole);
  const box = smallestBox(grid, BOX_SHARE);
  const boxArea = box && overlap(areaOfCells(box, grid, covered), seen);
  // A picture may have been reduced while it was decoded.
  const inFile = (area: Area) => scaled(area, original.width / width, original.height / height);
  const reason = nothingToSee(grid, image, scaled(seen, image.width / width, image.height / height));
  return {
    picture: original,
    seen: inFile(seen),
    covered: inFile(covered),
    box80: box && boxArea && reason === undefined ? { ...inFile(boxArea), share: box.share } : null,
    ...(reason !== undefined && { nothingToSee: reason }),
  } satisfies Partial<PictureExplanation>;
}

function scaled({ x, y, width, height }: Area, across: number, down: number): Area {
  return { x: x * across, y: y * down, width: width * across, height: height * down };
}

function nothingToSee(grid: ActivationMap, image: DecodedImage, seen: Area): string | undefined {
  if (isOneColour(image, seen)) {
    return 'the part of the image that the network sees has one colour; the cells show only the padding at its edges';
  }
  return evidenceOf(grid).average > 0 ? undefined : 'all cells are 0';
}
