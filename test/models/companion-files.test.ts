import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputRanges } from '../../src/domain/input-range.js';
import { findLabels, findPreprocessing, folderOf, readConvention } from '../../src/models/companion-files.js';
import { makeFolder } from '../weights/folder.js';

const json = (value: unknown) => JSON.stringify(value);

/** Labels that are found beside `model.onnx`, and what is said of those that are not used. */
function labelsIn(files: Readonly<Record<string, string>>, outputs: number) {
  const folder = makeFolder({ 'model.onnx': '', ...files });
  const problems: string[] = [];
  const path = join(folder, 'model.onnx');
  const found = findLabels(folderOf(path), path, outputs, ({ where, problem }) =>
    problems.push(`${where}: ${problem}`.replaceAll(folder, '')),
  );
  return { names: found?.labels.map(({ name }) => name), problems };
}

describe('labels beside weights', () => {
  it.each([
    [{ 'labels.txt': 'cat\ndog\n' }],
    [{ 'model.labels.txt': 'cat\ndog\n', 'labels.txt': 'one\ntwo\n' }],
    [{ 'model_labels.json': '["cat","dog"]', 'labels.txt': 'one\ntwo\n' }],
    [{ 'class_indices.json': '{"dog":1,"cat":0}' }],
    [{ 'metadata.json': json({ labels: ['cat', 'dog'], imageSize: 224 }) }],
    [{ 'config.json': json({ model_type: 'resnet', id2label: { 0: 'cat', 1: 'dog' } }) }],
    [{ 'config.json': json({ architecture: 'x', label_names: ['cat', 'dog'], pretrained_cfg: {} }) }],
  ])('are found in %j', (files) => {
    expect(labelsIn(files as Record<string, string>, 2)).toEqual({ names: ['cat', 'dog'], problems: [] });
  });

  it('that do not fit are not used, and it is said', () => {
    expect(labelsIn({ 'labels.txt': 'cat\ndog\ncow\n' }, 2)).toEqual({
      names: undefined,
      problems: ['/labels.txt: 3 labels for 2 classes'],
    });
    const { names, problems } = labelsIn({ 'labels.json': '{', 'labels.txt': 'a\n', 'classes.txt': 'cat\ndog' }, 2);
    expect([names, problems.length]).toEqual([['cat', 'dog'], 2]);
  });

  it('are not looked for in configurations of other things', () => {
    const files = { 'config.json': json({ class_name: 'Functional', config: {} }), 'metadata.json': 'no JSON' };
    expect(labelsIn(files, 2)).toEqual({ names: undefined, problems: [] });
  });
});

describe('preprocessing beside weights', () => {
  const find = (name: string, value: unknown) => findPreprocessing(folderOf(makeFolder({ [name]: json(value) })));

  it('is read from preprocessor_config.json', () => {
    const found = find('preprocessor_config.json', {
      ...{
        do_center_crop: true,
        crop_size: { height: 224, width: 224 },
        do_resize: true,
        size: { shortest_edge: 256 },
      },
      ...{ do_rescale: true, rescale_factor: 1 / 255, do_normalize: true, resample: 3 },
      ...{ image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] },
    })!;
    expect(found).toMatchObject({ crop: 'center', filter: 'pil-bicubic', resolution: 224 });
    expect(found.range!.mean[0]).toBeCloseTo(0.485, 12);
    expect(found.range!.std[2]).toBeCloseTo(0.225, 12);
    expect([found.resize!(224), found.resize!(112)]).toEqual([256, 128]);
  });

  it.each([
    // EfficientNet's processor: pixel / 127.5 − 1.
    [{ rescale_factor: 1 / 127.5, rescale_offset: true, do_normalize: false }, -1, 1],
    [{ do_normalize: false }, 0, 1],
    [{ do_rescale: false, do_normalize: false }, 0, 255],
    [{ image_mean: 0.5, image_std: 0.5 }, -1, 1],
    [{ do_rescale: false, image_mean: [127.5, 127.5, 127.5], image_std: [127.5, 127.5, 127.5] }, -1, 1],
  ])('of %j is %d…%d', (config, low, high) => {
    const { mean, std } = find('preprocessor_config.json', config)!.range!;
    expect((0 - mean[1]) / std[1]).toBeCloseTo(low, 6);
    expect((1 - mean[1]) / std[1]).toBeCloseTo(high, 6);
  });

  it('squashes where the size is a whole one', () => {
    const found = find('preprocessor_config.json', { do_normalize: true, size: { height: 96, width: 96 } })!;
    expect(found).toMatchObject({ crop: 'squash', resolution: 96 });
  });

  it('is read from timm’s config.json', () => {
    const cfg = {
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      input_size: [3, 96, 96],
      crop_pct: 0.9,
      interpolation: 'bicubic',
    };
    const found = find('config.json', { architecture: 'x', pretrained_cfg: cfg })!;
    expect(found).toMatchObject({ range: { mean: cfg.mean, std: cfg.std }, resolution: 96, filter: 'pil-bicubic' });
    expect(found.resize!(96)).toBe(106);
    expect(find('config.json', cfg)).toMatchObject({ range: { mean: cfg.mean, std: cfg.std } });
  });

  it('is known of Teachable Machine', () => {
    const metadata = { packageName: '@teachablemachine/image', labels: ['a'] };
    expect(find('metadata.json', metadata)).toMatchObject({ range: inputRanges['-1..1'], crop: 'center' });
    expect(find('metadata.json', { labels: ['a'] })).toBeUndefined();
  });

  it.each([
    ['preprocessor_config.json', { image_mean: ['a', 0, 0], image_std: [0, 0, 0] }],
    ['config.json', { mean: [0, 0, 0], std: [0, 0, 0] }],
    ['config.json', []],
  ])('that is damaged says no range: %s %j', (name, value) => {
    expect(find(name, value)?.range?.std.every((each) => each > 0) ?? true).toBe(true);
  });

  it('has the padding and epsilon of Hugging Face’s MobileNets', () => {
    const convention = (value: unknown) =>
      readConvention(folderOf(makeFolder({ 'config.json': json(value) })), 'model.safetensors');
    expect(convention({ tf_padding: false, layer_norm_eps: 1e-5 })).toEqual({ padding: 'pytorch', epsilon: 1e-5 });
    expect(convention({ tf_padding: true, layer_norm_eps: 'x' })).toEqual({ padding: 'tensorflow' });
    expect(convention({ layer_norm_eps: 1e-5 })).toEqual({});
  });

  it('has the padding and epsilon of timm’s TensorFlow networks, by the architecture or else the name of the file', () => {
    const tensorflow = { padding: 'tensorflow', epsilon: 1e-3 };
    const convention = (architecture: string | undefined, file: string) =>
      readConvention(folderOf(makeFolder(architecture ? { 'config.json': json({ architecture }) } : {})), file);
    expect(convention('tf_efficientnet_b0', '/models/pytorch_model.bin')).toEqual(tensorflow);
    expect(convention('efficientnet_b0', '/models/tf_efficientnet_b0.pth')).toEqual({
      padding: 'pytorch',
      epsilon: 1e-5,
    });
    expect(convention(undefined, '/models/tf_efficientnet_b0_ns-c0e6a31c.pth')).toEqual(tensorflow);
    expect(convention(undefined, '/models/efficientnet_b0.pth')).toEqual({});
    expect(convention(undefined, '/tf_efficientnet_b0/model.pth')).toEqual({});
  });
});
