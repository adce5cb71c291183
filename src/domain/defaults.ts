/** The model that runs where none is named: the bundled network of this id. */
export const DEFAULT_MODEL = 'mobilenet_v2';

/** Threads that may share the work of one picture. */
export const MOST_THREADS = 64;
