import { describeFormats } from '../../weights/formats/table.js';

/** What help calls the files that `--weights`, import and cost take. */
export const weightsWords = describeFormats();
