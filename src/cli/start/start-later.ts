/** What few starts need of this folder: a file of its own, so that the others do not read it. */
export { keepCode, openCodeFolder } from './keep-code.js';
export { shareWithLanes } from './lane-code.js';
