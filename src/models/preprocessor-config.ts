import { type InputRange, inputRanges, type Triple } from '../domain/input-range.js';
import { type Preprocessing, type ResizeFilter, sideBeforeCrop } from '../domain/preprocessing.js';

/** What a configuration beside weights says of how pictures are prepared. */
export interface ConfiguredPreprocessing extends Partial<Pick<Preprocessing, 'crop' | 'filter'>> {
  readonly range?: InputRange;
  /** Shorter side before the crop, for the network's resolution. */
  readonly resize?: (resolution: number) => number;
  /** Of the shorter side, the part that is cropped; stands beside `resize`, undefined where it squashes. */
  readonly cropShare?: number | undefined;
  /** Side of the network's input. */
  readonly resolution?: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Pillow's numbers for filters (PIL.Image.Resampling), as Hugging Face's files have them. */
const RESAMPLE: readonly (ResizeFilter | undefined)[] = ['nearest', 'lanczos3', 'pil-bilinear', 'pil-bicubic'];

const INTERPOLATION: Readonly<Record<string, ResizeFilter>> = {
  nearest: 'nearest',
  lanczos: 'lanczos3',
  bilinear: 'pil-bilinear',
  bicubic: 'pil-bicubic',
};

/**
 * From `preprocessor_config.json` of Hugging Face's transformers: value = (pixel · rescale_factor − image_mean) ÷ image_std.
 * Undefined for a file that says nothing of it.
 */
export function readImageProcessor(json: unknown): ConfiguredPreprocessing | undefined {
  if (!isObject(json) || !('image_mean' in json || 'do_normalize' in json || 'image_processor_type' in json)) {
    return undefined;
  }
  const factor = json.do_rescale === false ? 1 : numberOr(json.rescale_factor, 1 / 255);
  const offset = json.rescale_offset === true ? -1 : 0;
  const isNormalised = json.do_normalize !== false;
  const mean = isNormalised ? (tripleOf(json.image_mean) ?? inputRanges['-1..1'].mean) : ZEROS;
  const std = isNormalised ? (tripleOf(json.image_std) ?? inputRanges['-1..1'].std) : ONES;
  // (255 · factor · p + offset − mean) ÷ std, p in 0…1.
  const unit = 255 * factor;
  const range = {
    mean: mapTriple(mean, (value) => (value - offset) / unit),
    std: mapTriple(std, (value) => value / unit),
  };
  const filter = typeof json.resample === 'number' ? RESAMPLE[json.resample] : undefined;
  return { ...(isUsable(range) && { range }), ...readSizes(json), ...(filter && { filter }) };
}

function readSizes(json: Json): Pick<ConfiguredPreprocessing, 'resolution' | keyof ConfiguredGeometry> {
  if (json.do_resize === false) return {};
  const shortest = sideOf(isObject(json.size) ? json.size.shortest_edge : json.size);
  const whole = isObject(json.size) ? squareOf(json.size) : undefined;
  const cropped = json.do_center_crop === true ? squareOf(json.crop_size) : undefined;
  const cropShare = numberOr(json.crop_pct, 0);
  const resolution = cropped ?? whole ?? shortest;
  if (resolution === undefined) return {};
  if (cropped !== undefined && shortest !== undefined) {
    return { resolution, ...centre(cropped, Math.max(shortest, cropped)) };
  }
  if (whole !== undefined && cropped === undefined) return { resolution, ...SQUASHED };
  return { resolution, ...centre(cropShare > 0 && cropShare <= 1 ? cropShare : 1) };
}

type ConfiguredGeometry = Required<Pick<ConfiguredPreprocessing, 'crop' | 'resize' | 'cropShare'>>;

const SQUASHED: ConfiguredGeometry = { crop: 'squash', resize: (resolution) => resolution, cropShare: undefined };

/** The middle, `crop` of each `side` pixels of the shorter side. */
function centre(crop: number, side = 1): ConfiguredGeometry {
  return {
    crop: 'center',
    resize: (resolution) => sideBeforeCrop(resolution, crop, side),
    cropShare: crop / side,
  };
}

/**
 * From `config.json` of timm: `pretrained_cfg` with mean, std, input_size, crop_pct, interpolation (older files have these at
 * the top). Undefined for a file that says nothing of it.
 */
export function readTimmConfig(json: unknown): ConfiguredPreprocessing | undefined {
  if (!isObject(json)) return undefined;
  const config = isObject(json.pretrained_cfg) ? json.pretrained_cfg : json;
  const mean = tripleOf(config.mean);
  const std = tripleOf(config.std);
  if (!mean || !std || !isUsable({ mean, std })) return undefined;
  const size = Array.isArray(config.input_size) ? sideOf(config.input_size[1]) : undefined;
  const share = numberOr(config.crop_pct, 0.875);
  const filter = typeof config.interpolation === 'string' ? INTERPOLATION[config.interpolation] : undefined;
  return {
    range: { mean, std },
    ...(config.crop_mode === 'squash' ? SQUASHED : centre(share > 0.1 && share <= 1 ? share : 1)),
    ...(size !== undefined && { resolution: size }),
    ...(filter && { filter }),
  };
}

/** From `metadata.json` of Teachable Machine: −1…1 of the middle square. Undefined for any other file. */
export function readTeachableMachine(json: unknown): ConfiguredPreprocessing | undefined {
  if (!isObject(json)) return undefined;
  const isImageModel = typeof json.packageName === 'string' && json.packageName.includes('teachablemachine');
  if (!isImageModel && !('tmVersion' in json)) return undefined;
  return { range: inputRanges['-1..1'], ...centre(1), filter: 'pil-bilinear' };
}

const ZEROS: Triple = [0, 0, 0];
const ONES: Triple = [1, 1, 1];
const MAX_SIDE = 4096;

function isUsable({ mean, std }: InputRange): boolean {
  return (
    mean.every((value) => Math.abs(value) <= MAX_MEAN) && std.every((value) => value >= MIN_STD && value <= MAX_STD)
  );
}

/** Beyond these no picture keeps its values: a file that says so is damaged. */
const MAX_MEAN = 1000;
const MIN_STD = 1e-6;
const MAX_STD = 1000;

function tripleOf(value: unknown): Triple | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return [value, value, value];
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'number' && Number.isFinite(each)))
    return undefined;
  if (value.length === 1) return [value[0], value[0], value[0]];
  return value.length === 3 ? (value as unknown as Triple) : undefined;
}

function mapTriple([a, b, c]: Triple, change: (value: number) => number): Triple {
  return [change(a), change(b), change(c)];
}

function numberOr(value: unknown, other: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : other;
}

function sideOf(value: unknown): number | undefined {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_SIDE
    ? (value as number)
    : undefined;
}

/** A number, or an object that says the same height and width. */
function squareOf(value: unknown): number | undefined {
  if (!isObject(value)) return sideOf(value);
  return value.height === value.width ? sideOf(value.height) : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
