/** The items of a turn, by their ids. */

import type { ThreadItem } from "contract";
import { bounded } from "./boundedOutput";
import type { ShownTurn } from "./state";

export function upsertItem(turn: ShownTurn, item: ThreadItem): ShownTurn {
  const shown = bound(item);
  const index = turn.items.findLastIndex((each) => each.id === item.id);
  const items = index < 0 ? [...turn.items, shown] : turn.items.with(index, shown);
  return { ...turn, items };
}

export function changeItem(
  turn: ShownTurn,
  id: string,
  change: (item: ThreadItem) => ThreadItem,
): ShownTurn {
  const index = turn.items.findLastIndex((each) => each.id === id);
  const item = turn.items[index];
  if (!item) return turn;
  const changed = change(item);
  return changed === item ? turn : { ...turn, items: turn.items.with(index, changed) };
}

function bound(item: ThreadItem): ThreadItem {
  if (item.type !== "commandExecution" || item.aggregatedOutput === null) return item;
  return { ...item, aggregatedOutput: bounded(item.aggregatedOutput) };
}
