/** Shows Markdown that may still grow: only blocks whose source has changed are made anew. */

import { button, element } from "./element";
import { type Markup, type MarkupElement, parseMarkdown } from "./markdown";
import type { Send } from "./send";

const COPIED_MS = 1500;

export class MarkdownView {
  readonly node = element("div", { class: "markdown" });
  private text = "";
  private sources: string[] = [];

  constructor(private readonly send: Send) {}

  update(text: string): void {
    if (text === this.text) return;
    this.text = text;
    const blocks = parseMarkdown(text);
    blocks.forEach(({ source, content }, index) => {
      if (this.sources[index] === source) return;
      const wrapper = element("div", { class: "block" }, ...this.nodes(content));
      const old = this.node.children[index];
      if (old) old.replaceWith(wrapper);
      else this.node.append(wrapper);
    });
    while (this.node.children.length > blocks.length) this.node.lastElementChild?.remove();
    this.sources = blocks.map((block) => block.source);
  }

  private nodes(content: Markup[]): Node[] {
    return content.map((markup) =>
      typeof markup === "string" ? document.createTextNode(markup) : this.made(markup),
    );
  }

  private made(markup: MarkupElement): HTMLElement {
    if (markup.tag === "pre") return this.code(markup);
    if (markup.tag === "a") return this.link(markup);
    const node = document.createElement(markup.tag);
    if (markup.start !== undefined) node.setAttribute("start", String(markup.start));
    node.append(...this.nodes(markup.children));
    if (markup.tag !== "table") return node;
    const attributes = { tabindex: "0", role: "region", "aria-label": "Table" };
    return element("div", { class: "table", attributes }, node);
  }

  private link({ href = "", children }: MarkupElement): HTMLElement {
    const open = (event: Event): void => {
      event.preventDefault();
      this.send({ type: "openLink", href });
    };
    return element("a", { attributes: { href, title: href }, on: { click: open } }, ...this.nodes(children));
  }

  private code({ language, children }: MarkupElement): HTMLElement {
    const text = children.join("");
    const copy = button("Copy", () => {
      this.send({ type: "copy", text });
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy"), COPIED_MS);
    }, "link");
    const bar = element("div", { class: "code-bar" }, element("span", {}, language ?? ""), copy);
    const attributes = { tabindex: "0", "aria-label": language ? `${language} code` : "Code" };
    return element("div", { class: "code" }, bar, element("pre", { attributes }, element("code", {}, text)));
  }
}
