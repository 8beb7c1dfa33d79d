/** Makes DOM elements. Text is always text: nothing here parses HTML. */

export interface Properties {
  class?: string;
  /** Attributes; `null` and `false` leave one out. */
  attributes?: Record<string, string | boolean | null>;
  on?: Partial<{ [E in keyof HTMLElementEventMap]: (event: HTMLElementEventMap[E]) => void }>;
}

export type Child = Node | string | null;

export function element<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[T] {
  const node = document.createElement(tag);
  if (properties.class) node.className = properties.class;
  for (const [name, value] of Object.entries(properties.attributes ?? {})) {
    setAttribute(node, name, value);
  }
  for (const [name, listener] of Object.entries(properties.on ?? {})) {
    node.addEventListener(name, listener as EventListener);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export function setAttribute(node: Element, name: string, value: string | boolean | null): void {
  if (value === null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
}

/** Set the text only if it differs, so that a selection in it survives. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function button(
  label: string,
  onClick: () => void,
  look: "primary" | "secondary" | "link" | "icon" = "secondary",
): HTMLButtonElement {
  const attributes = { type: "button" };
  return element("button", { class: `button ${look}`, attributes, on: { click: onClick } }, label);
}
