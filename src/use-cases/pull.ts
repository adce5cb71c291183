import { dirname, join } from 'node:path';
import { readArchiveMember } from '../archives/tar.js';
import { elementAt } from '../errors/element-at.js';
import { ModelError, UsageError } from '../errors/errors.js';
import { identify } from '../networks/identify.js';
import { isNetworkId, unknownModel } from '../networks/index.js';
import { type CatalogEntry, type CatalogQuery, canPull, findEntries, readCatalog } from '../store/catalog.js';
import { type FetchedFile, type Pulled, type PullOptions, pullEntry } from '../store/pull-entry.js';
import type { NewModel } from '../store/types.js';
import { readModelFile } from '../untrusted-data/regular-file.js';
import { findFormat } from '../weights/formats/table.js';

export type { Progress } from '../store/download.js';
export type { Pulled, PullOptions } from '../store/pull-entry.js';

/**
 * The published checkpoint to fetch for a network, α, resolution and numbers: of several the catalog's first that can be
 * installed, one byte a weight before four.
 * @throws UsageError for a name that neither a network nor a published model has, ModelError `model-not-published`
 */
export function chooseEntry(query: CatalogQuery): CatalogEntry {
  const entries = findEntries(query);
  const entry = entries.find(({ format }) => canPull(format));
  if (entry) return entry;
  const { model, alpha, resolution, dtype } = query;
  const known = findEntries({ model });
  if (known.length === 0 && !isNetworkId(model))
    throw unknownModel(
      model,
      readCatalog().map(({ name }) => name),
    );
  const asked = [model, alpha && `α ${alpha}`, resolution && `${resolution}×${resolution}`, dtype]
    .filter(Boolean)
    .join(' ');
  if (entries.length > 0) {
    const { name, format, addresses } = elementAt(entries, 0);
    throw new ModelError('model-not-published', {
      where: asked,
      problem: `published only as ${format}, which cannot be pulled`,
      remedy: `download ${addresses[0]} and its weights into a folder, then run: mobilenet import FOLDER --as ${name}`,
    });
  }
  const list = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b).join(', ');
  const alphas = list(known.map((each) => each.alpha));
  const resolutions = list(known.map((each) => each.resolution));
  const choices = known.length > 0 ? `α of ${alphas} and pixels of ${resolutions}` : 'one that is published';
  throw new ModelError('model-not-published', {
    where: asked,
    problem: 'no published weights are known',
    expected: choices,
    remedy: 'mobilenet models lists them',
  });
}

/** The query, without a resolution that nothing was published at: weights of another run at it. */
export function withPublishedResolution(query: CatalogQuery): CatalogQuery {
  const { resolution: _, ...others } = query;
  return findEntries(query).some(({ format }) => canPull(format)) ? query : others;
}

/**
 * Fetches a published model into the store, unless it is there and whole.
 * @throws UsageError, ModelError; the store is as before then
 */
export async function pull(query: CatalogQuery, options: PullOptions = {}): Promise<Pulled> {
  const { from } = options;
  if (from !== undefined && from.trim() === '')
    throw new UsageError({ where: '--from', problem: 'empty', expected: 'a file or an address' });
  return pullChosen(chooseEntry(query), options);
}

/** Like `pull`, of an entry that has been chosen. */
export function pullChosen(entry: CatalogEntry, options: PullOptions): Promise<Pulled> {
  return pullEntry(entry, (file) => prepare(entry, file), options);
}

/** What the file holds, checked to be what the entry says. */
async function prepare(entry: CatalogEntry, { path, kind, origin }: FetchedFile): Promise<NewModel> {
  const isArchive = kind === 'tgz';
  const where = isArchive ? entry.member! : (origin.address.split(/[?#]/)[0]!.split('/').at(-1) ?? entry.name);
  const bytes = isArchive ? await readArchiveMember(path, entry.member!, origin.address) : readModelFile(path);
  const { openBytes } = await import('../weights/formats/open.js');
  const opened = await openBytes(bytes, join(dirname(path), where));
  const { name, network, alpha, resolution, classes, dtype, published, licence, preprocessing } = entry;
  const facts = { name, network, alpha, resolution, classes, dtype, published, licence, origin, labels: null };
  if (opened.kind === 'graph') {
    const { imported } = opened;
    const { height, width } = imported.inputResolution;
    const identity = identify(imported.network);
    refuseOther(entry, where, {
      network: identity?.id ?? 'another network',
      alpha: identity?.alpha ?? 1,
      size: `${width}×${height}`,
      classes: imported.output.classes,
      dtype: imported.quantised ? 'int8' : 'f32',
    });
    const { keptAs } = findFormat(imported.format);
    if (keptAs === undefined)
      throw new ModelError('format-unsupported', {
        where,
        problem: 'a TensorFlow.js folder cannot be pulled',
        remedy: 'download it and run mobilenet import',
      });
    return {
      ...facts,
      format: keptAs,
      padding: null,
      epsilon: null,
      // TFLite says how pictures are to be given; ONNX does not.
      preprocessing: imported.format === 'tflite' ? null : preprocessing,
      weights: bytes,
    };
  }
  const [{ readCheckpoint, requireHead }, { noCompanions }, { nameTensors }, { writeSafetensors }] = await Promise.all([
    import('../models/checkpoint.js'),
    import('../models/companion-files.js'),
    import('../weights/tensor-names.js'),
    import('../weights/formats/safetensors/safetensors.js'),
  ]);
  const { padding, epsilon } = entry;
  const checkpoint = readCheckpoint(opened, { resolution, padding, epsilon }, noCompanions);
  requireHead(checkpoint, where);
  const { id, alpha: found, classes: outputs } = checkpoint.network;
  refuseOther(entry, where, {
    network: id,
    alpha: found,
    size: `${resolution}×${resolution}`,
    classes: outputs,
    dtype,
  });
  return {
    ...facts,
    format: 'safetensors',
    padding,
    epsilon,
    preprocessing,
    weights: writeSafetensors(nameTensors(checkpoint.weights)),
  };
}

interface Facts {
  readonly network: string;
  readonly alpha: number;
  readonly size: string;
  readonly classes: number;
  readonly dtype: string;
}

/** The address may give another model than the catalog says. */
function refuseOther(entry: CatalogEntry, where: string, facts: Facts): void {
  const found = describe(facts);
  const expected = describe({ ...entry, size: `${entry.resolution}×${entry.resolution}` });
  if (found !== expected) throw new ModelError('weights-shape', { where, problem: found, expected });
}

function describe({ network, alpha, size, classes, dtype }: Facts): string {
  return `${network} α ${alpha}, ${size}, ${classes} classes, ${dtype}`;
}
