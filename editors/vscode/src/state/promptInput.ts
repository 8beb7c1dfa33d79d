/**
 * A message with its context as the protocol has it, and back.
 *
 * The context is text of the message, for the model; text elements say which parts are context, so
 * that clients can show the chips in their place.
 */

import type { TextElement, UserInput } from "contract";
import type { ContextChip } from "./state";

export function promptInput(text: string, chips: ContextChip[]): UserInput[] {
  let whole = text;
  const elements: TextElement[] = [];
  for (const chip of chips) {
    const start = bytes(`${whole}\n\n`);
    whole = `${whole}\n\n${contextText(chip)}`;
    elements.push({ byteRange: { start, end: bytes(whole) }, placeholder: chip.label });
  }
  return [{ type: "text", text: whole, text_elements: elements }];
}

export interface ShownInput {
  text: string;
  /** What went along. */
  labels: string[];
}

export function shownInput(content: UserInput[]): ShownInput {
  const texts: string[] = [];
  const labels: string[] = [];
  for (const part of content) {
    if (part.type === "text") {
      texts.push(withoutElements(part.text, part.text_elements ?? []));
      for (const element of part.text_elements ?? []) {
        if (element.placeholder) labels.push(element.placeholder);
      }
    } else {
      labels.push(labelOf(part));
    }
  }
  return { text: texts.join("\n").trim(), labels };
}

function contextText(chip: ContextChip): string {
  if (chip.lines === null || chip.text === null) return `The file \`${chip.path}\` is open.`;
  const [first, last] = chip.lines;
  const where = first === last ? `line ${first}` : `lines ${first} to ${last}`;
  const fence = "`".repeat(Math.max(3, longestRun(chip.text) + 1));
  return `From \`${chip.path}\`, ${where}:\n${fence}${chip.language}\n${chip.text}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The text without the elements that have something to be shown in their place. */
function withoutElements(text: string, elements: TextElement[]): string {
  const encoded = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  let left = "";
  let at = 0;
  for (const { byteRange, placeholder } of elements) {
    if (!placeholder || byteRange.start < at) continue;
    left += decoder.decode(encoded.subarray(at, byteRange.start));
    at = byteRange.end;
  }
  return left + decoder.decode(encoded.subarray(at));
}

function labelOf(part: Exclude<UserInput, { type: "text" }>): string {
  switch (part.type) {
    case "image":
    case "localImage":
      return "path" in part ? (part.path.split("/").at(-1) ?? "image") : "image";
    case "audio":
    case "localAudio":
      return "sound";
    case "skill":
      return `$${part.name}`;
    case "mention":
      return part.name;
  }
}
