import { costTotals } from '../cost/cost.js';
import type { ModelRecord, ModelsRecord } from '../domain/models.js';
import { elementAt } from '../errors/element-at.js';
import { listBundledModels } from '../models/bundled.js';
import { buildNetwork, isNetworkId } from '../networks/index.js';
import { resolve } from '../networks/resolve.js';
import { readCatalog } from '../store/catalog.js';
import { measureEmbeddings } from '../store/embeddings.js';
import { storeHome } from '../store/home.js';
import { listInstalled } from '../store/installed.js';

export interface SurveyQuery {
  /** Leaves out what is not installed. */
  readonly isInstalled?: boolean;
  /** Each must occur in a model's name, network or dtype; upper and lower case are the same. */
  readonly words?: readonly string[];
}

/** What is bundled, what is installed, and what is published. */
export function surveyModels({ isInstalled = false, words = [] }: SurveyQuery = {}): ModelsRecord {
  const home = storeHome();
  const { models, damaged } = listInstalled(home);
  const fits = (model: { readonly name: string; readonly network?: string; readonly dtype?: string }): boolean => {
    const text = [model.name, model.network, model.dtype].join(' ').toLowerCase();
    return words.every((word) => text.includes(word.toLowerCase()));
  };
  const countMacs = macsCounter();
  const bundled = listBundledModels().map(({ card }): ModelRecord => {
    const { name, network, alpha, resolution, classes, published, weights, licence } = card;
    const { top1, top5 } = published;
    return {
      ...{ name, network, alpha, resolution, classes, dtype: weights.dtype, bytes: weights.bytes, top1, top5 },
      macs: countMacs(network, alpha, resolution),
      licence,
      origin: card.origin,
    };
  });
  const installed = models.map(
    ({ name, network, alpha, resolution, classes, dtype, weights, published, licence, ...rest }): ModelRecord => ({
      ...{ name, network, alpha, resolution, classes, dtype, bytes: weights.bytes },
      top1: published?.top1 ?? null,
      top5: published?.top5 ?? null,
      macs: countMacs(network, alpha, resolution),
      licence,
      origin: rest.origin.address,
      ...(rest.calibration && { calibration: rest.calibration }),
    }),
  );
  const found = { installed: installed.filter(fits), damaged: damaged.filter(({ name }) => fits({ name })) };
  const cache = measureEmbeddings(home);
  if (isInstalled) return { store: home, ...found, cache };
  const names = new Set(models.map(({ name }) => name));
  const available = readCatalog()
    .filter(({ name }) => !names.has(name))
    .map(
      ({
        name,
        network,
        alpha,
        resolution,
        classes,
        dtype,
        bytes,
        published,
        licence,
        addresses,
        checked,
        format,
      }) => ({
        ...{ name, network, alpha, resolution, classes, dtype, bytes },
        top1: published?.top1 ?? null,
        top5: published?.top5 ?? null,
        macs: countMacs(network, alpha, resolution),
        licence,
        origin: elementAt(addresses, 0),
        ...{ format, checked },
      }),
    );
  return { store: home, box: bundled.filter(fits), ...found, cache, available: available.filter(fits) };
}

/** Multiply-accumulates of networks with 1000 classes, as the papers count; many checkpoints share one. */
function macsCounter(): (network: string, alpha: number, resolution: number) => number | null {
  const known = new Map<string, number>();
  return (network, alpha, resolution) => {
    if (!isNetworkId(network)) return null;
    const key = `${network} ${alpha} ${resolution}`;
    const macs = known.get(key) ?? costTotals(resolve(buildNetwork(network, { alpha }), { resolution })).macs;
    known.set(key, macs);
    return macs;
  };
}
