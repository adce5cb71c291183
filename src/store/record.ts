import type { CalibrationFacts } from '../domain/calibration.js';
import { isModelName } from '../domain/model-name.js';
import { ModelError } from '../errors/errors.js';
import { paddingConventions } from '../networks/types.js';
import { Fields } from '../untrusted-data/fields.js';
import { readModelFile } from '../untrusted-data/regular-file.js';
import { readPreprocessing, readPublished } from './description-fields.js';
import type { Blob, InstalledModel, LearnedFacts, UnknownRule } from './types.js';

const VERSION = 1;
/** A learned model has a number for each of its classes. */
const MAX_RECORD_BYTES = 1024 * 1024;
const SHA256 = /^[0-9a-f]{64}$/;
const HEXADECIMAL = '64 lower-case hexadecimal digits';

/** The text of a record, `models/NAME/model.json`. */
export function formatRecord(model: InstalledModel): string {
  return `${JSON.stringify({ version: VERSION, ...model }, null, 2)}\n`;
}

/**
 * A record, every field checked; it may have been written by anybody.
 * @throws ModelError `card` that names the field, `model-file`
 */
export function readRecord(path: string): InstalledModel {
  const bytes = readModelFile(path, MAX_RECORD_BYTES);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ModelError('card', { where: path, problem: 'not JSON' }, { cause });
  }
  const record = new Fields(json, '', path);
  record.integer('version', VERSION, VERSION);
  const origin = record.object('origin');
  const resolution = record.integer('resolution', 1, 4096);
  const model: InstalledModel = {
    name: record.fileName('name'),
    network: record.text('network'),
    alpha: record.number('alpha', Number.MIN_VALUE, 100),
    resolution,
    ...(record.has('trainedResolution') && { trainedResolution: record.integer('trainedResolution', 1, 4096) }),
    classes: record.integer('classes', 1, 100_000),
    dtype: record.oneOf('dtype', ['f32', 'f16', 'int8'] as const),
    format: record.oneOf('format', ['safetensors', 'tflite', 'onnx'] as const),
    padding: record.nullable('padding', () => record.oneOf('padding', paddingConventions)),
    epsilon: record.nullable('epsilon', () => record.number('epsilon', 0, 1)),
    preprocessing: record.nullable('preprocessing', () => readPreprocessing(record.object('preprocessing'))),
    published: record.nullable('published', () => readPublished(record.object('published'))),
    licence: record.nullable('licence', () => record.text('licence')),
    origin: {
      address: origin.text('address'),
      bytes: origin.integer('bytes', 1, Number.MAX_SAFE_INTEGER),
      sha256: origin.matching('sha256', SHA256, HEXADECIMAL),
      hash: origin.oneOf('hash', ['published', 'first-seen'] as const),
    },
    ...(record.has('calibration') && { calibration: readCalibration(record.object('calibration')) }),
    ...(record.has('learned') && { learned: readLearned(record.object('learned')) }),
    weights: readBlob(record.object('weights')),
    labels: record.nullable('labels', () => readBlob(record.object('labels'))),
    // Records from before there were levels say nothing of them.
    levels: record.has('levels') ? record.nullable('levels', () => readBlob(record.object('levels'))) : null,
    ...(record.has('unknown') && { unknown: readUnknown(record.object('unknown')) }),
    installed: record.text('installed'),
  };
  for (const fields of [record, origin]) fields.refuseRest();
  if (!isModelName(model.name)) throw record.wrong('name', 'the name of a model');
  if (model.preprocessing && model.preprocessing.resolution !== resolution) {
    throw record.wrong('preprocessing', `resolution ${resolution}`);
  }
  if (model.format === 'safetensors') {
    for (const name of ['padding', 'epsilon', 'preprocessing'] as const) {
      if (model[name] === null) throw record.wrong(name, 'a value, since safetensors state none');
    }
  }
  return model;
}

function readLearned(fields: Fields): LearnedFacts {
  const accuracy = fields.object('accuracy');
  const learned: LearnedFacts = {
    backbone: fields.text('backbone'),
    images: fields.integers('images', 1),
    seed: fields.integer('seed', 0, Number.MAX_SAFE_INTEGER),
    accuracy: {
      value: accuracy.number('value', 0, 1),
      low95: accuracy.number('low95', 0, 1),
      high95: accuracy.number('high95', 0, 1),
      images: accuracy.integer('images', 1, Number.MAX_SAFE_INTEGER),
    },
  };
  for (const each of [fields, accuracy]) each.refuseRest();
  return learned;
}

function readCalibration(fields: Fields): CalibrationFacts {
  const images = fields.integer('images', 1, Number.MAX_SAFE_INTEGER);
  const heldOut = fields.integer('heldOut', 0, images);
  const calibration = {
    ...{ images, heldOut },
    sameTop: fields.integer('sameTop', 0, heldOut),
    largestChange: fields.number('largestChange', 0, Number.MAX_VALUE),
  };
  fields.refuseRest();
  return calibration;
}

function readUnknown(fields: Fields): UnknownRule<Blob> {
  // A cosine's distance from 1.
  const rule = { threshold: fields.number('threshold', 0, 2), vectors: readBlob(fields.object('vectors')) };
  fields.refuseRest();
  return rule;
}

function readBlob(fields: Fields): Blob {
  const blob: Blob = {
    bytes: fields.integer('bytes', 1, Number.MAX_SAFE_INTEGER),
    sha256: fields.matching('sha256', SHA256, HEXADECIMAL),
  };
  fields.refuseRest();
  return blob;
}
