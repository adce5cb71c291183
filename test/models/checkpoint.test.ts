import { describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/models/checkpoint.js';
import { folderOf } from '../../src/models/companion-files.js';
import type { OpenedTensors } from '../../src/weights/formats/opened.js';
import { readCheckpoints, tensorsOf } from '../weights/families/checkpoint.js';

const timm = readCheckpoints().find(({ family, head }) => family === 'timm efficientnet_b0' && head !== false)!;

function opened(path: string): OpenedTensors {
  return { kind: 'tensors', format: 'pytorch', path, tensors: tensorsOf(timm), files: folderOf(path) };
}

describe('timm’s EfficientNet-B0, whose two variants have the same tensors', () => {
  it('is assumed to pad as PyTorch does, and says so, where nothing says which it is', () => {
    const { padding, notes } = readCheckpoint(opened('/nowhere/mine.pth'));
    expect(padding).toBe('pytorch');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^mine\.pth: assumed .*tf_efficientnet_b0.*--padding tensorflow/);
  });

  it('is TensorFlow’s by the name of the file', () => {
    const { padding, epsilon, notes } = readCheckpoint(opened('/nowhere/tf_efficientnet_b0_aa-827b6e33.pth'));
    expect({ padding, epsilon, notes }).toEqual({ padding: 'tensorflow', epsilon: 1e-3, notes: [] });
  });

  it('is what options say', () => {
    expect(readCheckpoint(opened('/nowhere/mine.pth'), { padding: 'tensorflow', epsilon: 1e-3 }).notes).toEqual([]);
  });
});
