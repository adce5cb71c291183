/** Of a page, or of what is read at once. */
export const MOST_PAGE_BYTES = 2 ** 29;
