/** One class; `id` is its WordNet synset where the labels give it. */
export interface Label {
  readonly id?: string;
  readonly name: string;
}
