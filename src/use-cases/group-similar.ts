import type { FailedRecord } from '../domain/classification.js';
import { type Grouping, groupAround } from '../vectors/groups.js';
import { openSearch, type Search } from '../vectors/search.js';
import { VectorSet } from '../vectors/vector-set.js';
import {
  type DuplicateMember,
  type FoundGroup,
  type FoundGroups,
  type GroupRequest,
  type NamedPicture,
  sortGroups,
} from './duplicate-groups.js';
import { byName, orderToKeep } from './keep-order.js';
import { fileIdentity } from './picture-name.js';
import { noImages, type VectorPicture, type VisitHost, visitVectors } from './visit-vectors.js';

/** Pictures of the archive that are compared at once, and then let go of. */
const BLOCK = 512;

/** From so many pictures on threads are worth their start. */
const MANY = 4000;

/**
 * Groups pictures whose vectors are similar. Pictures of an archive are all kept, and never compared with each other.
 * @param begin called when all is ready and before pictures are looked at
 */
export async function groupSimilar(
  request: GroupRequest & { readonly like: number },
  host: VisitHost,
  begin: () => Promise<void>,
): Promise<FoundGroups | { readonly exitCode: number }> {
  const errors: FailedRecord[] = [];
  let comparison: Comparison | undefined;
  const tally = await visitVectors(request, host, {
    async begin({ length }) {
      await begin();
      comparison = new Comparison(await openSearch(length), length, request.like);
    },
    vector(side, picture, vector) {
      if (side === 'own') comparison!.add(picture, vector);
      else comparison!.addArchived(picture, vector);
    },
    error: (record) => errors.push(record),
  });
  if ('exitCode' in tally) return tally;
  if (tally.isInterrupted) return { tally, groups: [], errors };
  if (request.other !== undefined && tally.seen.other === 0) throw noImages(request.other);
  const threads = request.jobs ?? request.defaultJobs;
  return { tally, groups: await comparison!.groups(request.keep, threads), errors };
}

class Comparison {
  readonly #search: Search;
  readonly #columns: number;
  readonly #least: number;
  readonly #own: VectorSet;
  readonly #pictures: VectorPicture[] = [];
  readonly #places = new Map<string, number>();
  #archived: { readonly set: VectorSet; readonly pictures: VectorPicture[] };
  /** Of our own that are in the archive too. */
  readonly #inArchive = new Set<number>();
  /** For our own: the most similar picture of the archive, as far as it is similar enough. */
  readonly #matches = new Map<number, { readonly picture: VectorPicture; readonly similarity: number }>();

  constructor(search: Search, columns: number, least: number) {
    this.#search = search;
    this.#columns = columns;
    this.#least = least;
    this.#own = new VectorSet(columns);
    this.#archived = { set: new VectorSet(columns), pictures: [] };
  }

  /** A file that is found twice counts once, under its first name: it is no duplicate of itself. */
  add(picture: VectorPicture, vector: Float32Array): void {
    const identity = fileIdentity(picture);
    if (this.#places.has(identity)) return;
    this.#places.set(identity, this.#pictures.length);
    this.#own.add(vector, picture.file);
    this.#pictures.push(picture);
  }

  addArchived(picture: VectorPicture, vector: Float32Array): void {
    const place = this.#places.get(fileIdentity(picture));
    if (place !== undefined) this.#inArchive.add(place);
    this.#archived.set.add(vector, picture.file);
    this.#archived.pictures.push(picture);
    if (this.#archived.pictures.length === BLOCK) this.#compareArchived();
  }

  /** All of our own are there. */
  #compareArchived(): void {
    const { set, pictures } = this.#archived;
    for (let begin = 0; begin < set.count; begin += this.#search.mostOutputs) {
      const count = Math.min(this.#search.mostOutputs, set.count - begin);
      const outputs = { set, count, index: (n: number) => begin + n };
      const rows = { set: this.#own, count: this.#own.count };
      this.#search.between(outputs, rows, new Float64Array(count).fill(this.#least), (row, output, similarity) => {
        const picture = pictures[begin + output]!;
        const match = this.#matches.get(row);
        const isNearer = !match || similarity > match.similarity;
        if (isNearer || (similarity === match.similarity && byName(picture, match.picture) < 0)) {
          this.#matches.set(row, { picture, similarity });
        }
      });
    }
    this.#archived = { set: new VectorSet(this.#columns), pictures: [] };
  }

  /** In the order of the names of those that are kept. */
  async groups(keep: GroupRequest['keep'], threads: number): Promise<FoundGroup[]> {
    this.#compareArchived();
    const byKept = new Map<NamedPicture, DuplicateMember[]>();
    const join = (kept: NamedPicture, picture: NamedPicture, similarity: number) => {
      const members = byKept.get(kept) ?? [];
      members.push({ picture, similarity });
      byKept.set(kept, members);
    };
    const order = orderToKeep(this.#pictures, keep).filter((place) => !this.#inArchive.has(place));
    for (const place of order) {
      const match = this.#matches.get(place);
      if (match) join(match.picture, this.#pictures[place]!, match.similarity);
    }
    const left = Int32Array.from(order.filter((place) => !this.#matches.has(place)));
    const { keptBy, similarity } = await this.#groupAround(left, threads);
    for (const place of left) {
      const kept = keptBy[place]!;
      if (kept !== -1) join(this.#pictures[kept]!, this.#pictures[place]!, similarity[place]!);
    }
    return sortGroups(byKept);
  }

  async #groupAround(order: Int32Array, threads: number): Promise<Grouping> {
    if (order.length < MANY || threads === 1) return groupAround(this.#search, this.#own, order, this.#least);
    const search = await openSearch(this.#columns, { threads });
    try {
      return groupAround(search, this.#own, order, this.#least);
    } finally {
      search.close();
    }
  }
}
