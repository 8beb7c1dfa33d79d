/**
 * Markdown as a tree of allowed elements, block by block.
 *
 * The tree is made from markdown-it's tokens, with HTML off: what is not in `TAGS` cannot come out
 * of it. Images become links, so that nothing is loaded.
 */

import MarkdownIt, { type Token } from "markdown-it";

export type Markup = string | MarkupElement;
export interface MarkupElement {
  tag: string;
  /** Only of links. */
  href?: string;
  /** Only of ordered lists. */
  start?: number;
  /** Only of code blocks. */
  language?: string;
  children: Markup[];
}

export interface Block {
  /** The lines it was made from; blocks with the same source look the same. */
  source: string;
  content: Markup[];
}

/** Headings begin below those of the page itself. */
const TAGS: Record<string, string> = {
  ...Object.fromEntries("p ul ol li blockquote em strong s code pre a br hr".split(" ").map((tag) => [tag, tag])),
  ...Object.fromEntries("table thead tbody tr th td".split(" ").map((tag) => [tag, tag])),
  ...{ h1: "h3", h2: "h4", h3: "h5", h4: "h6", h5: "h6", h6: "h6" },
};

const parser = new MarkdownIt({ html: false, linkify: true });
// `example.py` is a file far more often than a site in Paraguay.
parser.linkify.set({ fuzzyLink: false });

export function parseMarkdown(text: string): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let depth = 0;
  let gathered: Token[] = [];
  for (const token of parser.parse(text, {})) {
    gathered.push(token);
    depth += token.nesting;
    if (depth > 0) continue;
    const [first, end] = gathered[0]?.map ?? [0, lines.length];
    blocks.push({ source: lines.slice(first, end).join("\n"), content: tree(gathered) });
    gathered = [];
  }
  return blocks;
}

function tree(tokens: Token[]): Markup[] {
  const top: Markup[] = [];
  const stack: Markup[][] = [top];
  const add = (markup: Markup): void => void stack.at(-1)?.push(markup);
  for (const token of tokens) {
    if (token.nesting > 0) {
      const opened = container(token);
      // A tight list has paragraphs that are not to be seen.
      if (opened) add(opened);
      stack.push(opened?.children ?? stack.at(-1) ?? top);
    } else if (token.nesting < 0) {
      stack.pop();
    } else {
      for (const markup of leaf(token)) add(markup);
    }
  }
  return top;
}

function container(token: Token): MarkupElement | null {
  const tag = TAGS[token.tag];
  if (!tag || token.hidden) return null;
  const opened: MarkupElement = { tag, children: [] };
  const href = attribute(token, "href");
  if (tag === "a" && href) opened.href = href;
  const start = Number(token.attrGet("start") ?? 1);
  if (tag === "ol" && start !== 1) opened.start = start;
  return opened;
}

function leaf(token: Token): Markup[] {
  switch (token.type) {
    case "inline":
      return tree(token.children ?? []);
    case "text":
      return [token.content];
    case "softbreak":
      return ["\n"];
    case "hardbreak":
      return [{ tag: "br", children: [] }];
    case "hr":
      return [{ tag: "hr", children: [] }];
    case "code_inline":
      return [{ tag: "code", children: [token.content] }];
    case "fence":
    case "code_block":
      return [codeBlock(token)];
    case "image":
      return [imageLink(token)];
    default:
      return token.content === "" ? [] : [token.content];
  }
}

function codeBlock(token: Token): MarkupElement {
  const language = token.info.trim().split(/\s+/)[0] ?? "";
  return { tag: "pre", language, children: [token.content.replace(/\n$/, "")] };
}

function imageLink(token: Token): Markup {
  const href = attribute(token, "src");
  const words = token.content || "image";
  return href ? { tag: "a", href, children: [words] } : words;
}

function attribute(token: Token, name: string): string | null {
  const value = token.attrGet(name);
  return value === null ? null : String(value);
}
