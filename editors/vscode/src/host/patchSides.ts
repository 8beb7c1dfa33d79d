/**
 * The two sides of a change, from the file as it is and what the change says.
 *
 * A change that was carried out is taken back from the file, one that was not is applied to it. A
 * file that fits neither has changed since: then the sides are the hunks alone.
 */

import { applyPatch, parsePatch, reversePatch, type StructuredPatch } from "diff";
import type { FileUpdateChange } from "contract";

export interface Sides {
  before: string;
  after: string;
  /** Only the hunks could be shown. */
  partial: boolean;
}

export function sidesOf(change: FileUpdateChange, now: string | null, applied: boolean): Sides {
  const { kind, diff } = change;
  if (kind.type === "add") return { before: "", after: diff, partial: false };
  if (kind.type === "delete") return { before: diff, after: "", partial: false };
  return patchedSides(diff, now, applied);
}

/** The same for a part of a unified diff, with or without file headers. */
export function patchedSides(diff: string, now: string | null, applied: boolean): Sides {
  const patch = parse(diff);
  if (!patch) return { before: diff, after: diff, partial: true };
  if (now !== null) {
    const attempts = applied ? [back, forth] : [forth, back];
    for (const attempt of attempts) {
      const sides = attempt(patch, now);
      if (sides) return sides;
    }
  }
  return { ...hunksAlone(patch), partial: true };
}

/** A diff of several files in its parts, by the path of the new side, or the old if there is none. */
export function filesOf(diff: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const part of diff.split(/^(?=diff --git )/m)) {
    const after = /^\+\+\+ (?:b\/)?(.+)$/m.exec(part)?.[1];
    const before = /^--- (?:a\/)?(.+)$/m.exec(part)?.[1];
    const path = after && after !== "/dev/null" ? after : before;
    if (path) files.set(path.replace(/\t.*$/, ""), part);
  }
  return files;
}

function parse(diff: string): StructuredPatch | null {
  const headed = /^--- /m.test(diff) ? diff : `--- a\n+++ b\n${diff}`;
  try {
    return parsePatch(headed)[0] ?? null;
  } catch {
    return null;
  }
}

function back(patch: StructuredPatch, now: string): Sides | null {
  const before = applyPatch(now, reversePatch(patch));
  return before === false ? null : { before, after: now, partial: false };
}

function forth(patch: StructuredPatch, now: string): Sides | null {
  const after = applyPatch(now, patch);
  return after === false ? null : { before: now, after, partial: false };
}

function hunksAlone(patch: StructuredPatch): { before: string; after: string } {
  const side = (other: string): string =>
    patch.hunks
      .map((hunk) =>
        hunk.lines
          .filter((line) => !line.startsWith(other) && !line.startsWith("\\"))
          .map((line) => line.slice(1))
          .join("\n"),
      )
      .join("\n⋯\n");
  return { before: side("+"), after: side("-") };
}
