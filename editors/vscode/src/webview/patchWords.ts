/** What is said of a patch in a few words. */

import type { FileUpdateChange } from "contract";

export function lineCounts({ kind, diff }: FileUpdateChange): { added: number; removed: number } {
  const lines = diff.replace(/\n$/, "").split("\n");
  if (kind.type === "add") return { added: diff === "" ? 0 : lines.length, removed: 0 };
  if (kind.type === "delete") return { added: 0, removed: diff === "" ? 0 : lines.length };
  const count = (sign: string): number => lines.filter((line) => line.startsWith(sign)).length;
  return { added: count("+"), removed: count("-") };
}

export function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}
