/** A list of parts of the page that follows a list of values: each keeps its node by its key. */

export interface Part<T> {
  readonly node: HTMLElement;
  update(value: T): void;
}

interface Entry<T> {
  part: Part<T>;
  value: T;
}

export class KeyedList<T> {
  private readonly entries = new Map<string, Entry<T>>();

  constructor(
    private readonly parent: HTMLElement,
    private readonly keyOf: (value: T) => string,
    private readonly make: (value: T) => Part<T>,
    private readonly same: (one: T, other: T) => boolean = Object.is,
  ) {}

  update(values: T[]): void {
    const keys = new Set(values.map(this.keyOf));
    for (const [key, { part }] of this.entries) {
      if (keys.has(key)) continue;
      part.node.remove();
      this.entries.delete(key);
    }
    let next = this.parent.firstElementChild;
    for (const value of values) {
      const { node } = this.place(value);
      // A node that is moved loses its focus and its scroll position: move only what has to be.
      if (node === next) next = node.nextElementSibling;
      else this.parent.insertBefore(node, next);
    }
  }

  private place(value: T): Part<T> {
    const key = this.keyOf(value);
    const known = this.entries.get(key);
    if (!known) {
      const part = this.make(value);
      part.update(value);
      this.entries.set(key, { part, value });
      return part;
    }
    if (!this.same(known.value, value)) {
      known.value = value;
      known.part.update(value);
    }
    return known.part;
  }
}
