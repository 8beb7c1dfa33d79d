import assert from "node:assert/strict";
import { test } from "node:test";
import { plainOutput } from "../../src/webview/ansi";
import { type Markup, parseMarkdown } from "../../src/webview/markdown";

function shown(text: string): Markup[] {
  return parseMarkdown(text).flatMap((block) => block.content);
}

function elements(content: Markup[]): Exclude<Markup, string>[] {
  return content.flatMap((each) => (typeof each === "string" ? [] : [each, ...elements(each.children)]));
}

test("blocks know the lines they were made from", () => {
  const blocks = parseMarkdown("# One\n\ntext\nmore\n\n- a\n- b\n");
  assert.deepEqual(blocks.map((block) => block.source.trim()), ["# One", "text\nmore", "- a\n- b"]);
});

test("HTML is text", () => {
  assert.deepEqual(shown('<img src=x onerror="alert(1)"> <b>b</b>'), [
    { tag: "p", children: ['<img src=x onerror="alert(1)"> <b>b</b>'] },
  ]);
  assert.deepEqual(elements(shown("<script>alert(1)</script>\n\n<div>\n")).map((each) => each.tag), ["p", "p"]);
});

test("links that would run something are text", () => {
  for (const href of ["javascript:alert(1)", "vbscript:x", "data:text/html,x", "file:///etc/passwd"]) {
    assert.deepEqual(elements(shown(`[x](${href})`)).map((each) => each.tag), ["p"]);
  }
});

test("images are links, so that nothing is loaded", () => {
  const [, link] = elements(shown("![chart](https://example.org/a.png)"));
  assert.deepEqual(link, { tag: "a", href: "https://example.org/a.png", children: ["chart"] });
});

test("names of files are no links, addresses are", () => {
  const links = elements(shown("See example.py and https://example.org/x")).filter((each) => each.tag === "a");
  assert.deepEqual(links.map((link) => link.href), ["https://example.org/x"]);
});

test("code keeps its text and its language, also while its end has not come", () => {
  const code = { tag: "pre", language: "py", children: ["a = 1\n\nb"] };
  assert.deepEqual(shown("```py\na = 1\n\nb\n```"), [code]);
  assert.deepEqual(shown("```py\na = 1\n\nb"), [code]);
});

test("a list that starts elsewhere says so, and a tight one has no paragraphs", () => {
  const item = (text: string): Markup => ({ tag: "li", children: [text] });
  assert.deepEqual(shown("3. c\n4. d"), [{ tag: "ol", start: 3, children: [item("c"), item("d")] }]);
});

test("growing text changes the last block only", () => {
  const text = "First.\n\n```\ncode\n```\n\nThe last one grows";
  const before = parseMarkdown(text).map((block) => block.source);
  const after = parseMarkdown(`${text} on`).map((block) => block.source);
  assert.deepEqual(after.slice(0, 2), before.slice(0, 2));
  assert.notEqual(after[2], before[2]);
});

test("a terminal's output becomes plain text", () => {
  assert.equal(plainOutput("\x1b[1;32mok\x1b[0m\r\n\x1b]0;title\x07done"), "ok\ndone");
  assert.equal(plainOutput("10 %\r50 %\r100 %\nnext"), "100 %\nnext");
  assert.equal(plainOutput("plain"), "plain");
});
