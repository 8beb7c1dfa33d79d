/** Adds the pieces that come of an item while it grows. The completed item replaces them all. */

import type { ThreadItem } from "contract";
import { bounded } from "./boundedOutput";
import type { ShownTurn } from "./state";
import { changeItem } from "./turnItems";

export type Growing = "text" | "output" | "summary" | "content";
export const NEW_SECTION = "";

export function grow(
  turn: ShownTurn,
  itemId: string,
  part: Growing,
  index: number,
  delta: string,
): ShownTurn {
  return changeItem(turn, itemId, (item) => grown(item, part, index, delta));
}

function grown(item: ThreadItem, part: Growing, index: number, delta: string): ThreadItem {
  if (part === "text" && item.type === "agentMessage") {
    return { ...item, text: item.text + delta };
  }
  if (part === "output" && item.type === "commandExecution") {
    return { ...item, aggregatedOutput: bounded((item.aggregatedOutput ?? "") + delta) };
  }
  if ((part === "summary" || part === "content") && item.type === "reasoning") {
    return { ...item, [part]: longer(item[part], index, delta) };
  }
  return item;
}

function longer(sections: string[], index: number, delta: string): string[] {
  const all = [...sections];
  while (all.length <= index) all.push("");
  all[index] += delta;
  return all;
}
