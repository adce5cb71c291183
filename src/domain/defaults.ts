/** The model that runs where none is named: the bundled network of this id. */
export const DEFAULT_MODEL = 'mobilenet_v2';

/** Threads that may share the work of one picture. */
export const MOST_THREADS = 64;

/** Pictures of more pixels are refused unless somebody says otherwise. */
export const MOST_PIXELS = 2 ** 28;

/** Predictions for each picture. */
export const DEFAULT_TOP = 5;
