// The newest of a list, and never more than so many: what keeps the page's memory flat.

export function pushed<T>(list: readonly T[], added: readonly T[], limit: number): T[] {
  const all = added.length >= limit ? added.slice(-limit) : [...list.slice(Math.max(0, list.length + added.length - limit)), ...added];
  return all;
}

/** Values by a key that may come again: the newest stands, the oldest makes room. */
export class KeyedRing<T> {
  private readonly held = new Map<string, T>();

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.held.size;
  }
  put(key: string, value: T): void {
    this.held.delete(key);
    this.held.set(key, value);
    if (this.held.size > this.limit) this.held.delete(this.held.keys().next().value!);
  }
  takeAll(): T[] {
    const all = [...this.held.values()];
    this.held.clear();
    return all;
  }
}
