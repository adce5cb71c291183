export { type CatalogEntry, findEntries, readCatalog } from './catalog.js';
export { type Downloaded, type DownloadLimits, defaultLimits, download, type Progress } from './download.js';
export { storeHome } from './home.js';
export { type InstallOptions, installModel, removeModel, type StoreOptions } from './install.js';
export {
  findInstalled,
  type InstalledQuery,
  isIntact,
  listInstalled,
  readInstalledLabels,
  readInstalledWeights,
  verifyModels,
  weightsPath,
} from './installed.js';
export { pullEntry } from './pull-entry.js';
export type { Blob, InstalledModel, ModelDescription, NewModel, Origin, StoredFormat } from './types.js';
