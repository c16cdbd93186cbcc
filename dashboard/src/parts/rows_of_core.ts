// The rows around what is seen, fetched in pages and kept in a ring of pages. What is old is shown until the new came.

export interface RowSource<Row> {
  get(index: number): Row | undefined;
  /** Asks for what is missing of these; `arrived` is called when something came. */
  want(first: number, last: number, arrived: () => void): void;
  /** Everything may have changed. */
  renew(): void;
}

const kPage = 100;
const kPages = 40;

export class PagedRows<Row> implements RowSource<Row> {
  private readonly pages = new Map<number, { rows: Row[]; age: number }>();
  private readonly asked = new Set<number>();
  private age = 0;

  constructor(private readonly fetch: (first: number, count: number) => Promise<Row[]>) {}

  get(index: number): Row | undefined {
    return this.pages.get(Math.floor(index / kPage))?.rows[index % kPage];
  }

  want(first: number, last: number, arrived: () => void): void {
    for (let page = Math.floor(first / kPage); page <= Math.floor(last / kPage); ++page) {
      const known = this.pages.get(page);
      if (known?.age === this.age || this.asked.has(page)) continue;
      const age = this.age;
      this.asked.add(page);
      this.fetch(page * kPage, kPage).then((rows) => {
        this.asked.delete(page);
        this.pages.delete(page);
        this.pages.set(page, { rows, age });
        if (this.pages.size > kPages) this.pages.delete(this.pages.keys().next().value!);
        arrived();
      }, () => this.asked.delete(page));
    }
  }

  renew(): void {
    ++this.age;
    this.asked.clear();
  }
}

/** Rows that are at hand. */
export class ListedRows<Row> implements RowSource<Row> {
  constructor(private readonly list: readonly Row[]) {}
  get(index: number): Row | undefined {
    return this.list[index];
  }
  want(): void {}
  renew(): void {}
}
