import { folderWithin } from '../../archives/zip-source.js';
import { ModelError } from '../../errors/errors.js';
import { quoted } from '../../errors/printable.js';
import type { FileSource } from '../../untrusted-data/files-beside.js';

/** One model among the files of a folder or an archive. */
export interface FoundModel {
  /** Its folder: what lies beside it. */
  readonly files: FileSource;
  readonly name: string;
}

const MODEL_FILES =
  /(^|\/)(model\.json|pytorch_model\.bin|(?!saved_model\.pb$)[^/]+\.pb)$|\.(h5|hdf5|keras|tflite|onnx|pth|pt|ckpt|safetensors)$/i;
/** For a coprocessor that is not here; the same model lies beside it. */
const COMPILED = /_edgetpu\.tflite$/i;
const SAVED_MODEL = /(^|\/)saved_model\.pb$/;

/**
 * The one model in an export as tools write it: a folder or an archive with labels and other files beside.
 * @param where the folder or the archive, for messages
 * @param container what `where` is, for messages
 * @throws ModelError `format-unsupported` where there is none, or several; for a SavedModel with what converts it
 */
export function findModel(source: FileSource, where: string, container: 'folder' | 'archive'): FoundModel {
  const all = source.names.filter((name) => MODEL_FILES.test(name));
  const plain = all.filter((name) => !COMPILED.test(name));
  const safest = plain.filter((name) => name === 'model.safetensors');
  // Hugging Face's folders have one model in several formats.
  const isRepository = safest.length === 1 && source.names.includes('config.json');
  const [first, ...others] = isRepository ? safest : plain.length > 0 ? plain : all;
  if (first === undefined) throw describeNone(source, where, container);
  if (others.length > 0) {
    throw new ModelError('format-unsupported', {
      where,
      problem: `holds several models (${[first, ...others].slice(0, 4).map(quoted).join(', ')})`,
      remedy: 'unpack it, and give the file that is meant',
    });
  }
  const end = first.lastIndexOf('/');
  return { files: folderWithin(source, first.slice(0, Math.max(end, 0))), name: first.slice(end + 1) };
}

function describeNone(source: FileSource, where: string, container: string): ModelError {
  if (source.names.some((name) => SAVED_MODEL.test(name))) {
    return new ModelError('format-unsupported', {
      where,
      problem: 'a TensorFlow SavedModel, whose program is not executed',
      remedy:
        'convert it: open("model.tflite", "wb").write(tf.lite.TFLiteConverter.from_saved_model(FOLDER).convert()), or ' +
        'save the Keras model as model.keras',
    });
  }
  return new ModelError('format-unsupported', {
    where,
    problem: `no model in this ${container}`,
    expected: 'a file .h5, .keras, .tflite, .onnx, .pb, .safetensors or .pth, or model.json',
  });
}
