/** Shortens a command's output to what can be shown: its beginning and its end. */

const HEAD = 8 * 1024;
const TAIL = 56 * 1024;
/** Cut only what is a good deal too long, or each further piece would move the whole text. */
const SLACK = 16 * 1024;

const GAP = /\n\[… (\d+) characters left out …\]\n/;

export function bounded(output: string): string {
  if (output.length <= HEAD + TAIL + SLACK) return output;
  const head = output.slice(0, HEAD);
  const rest = output.slice(HEAD);
  const before = GAP.exec(rest.slice(0, 80));
  const already = before?.index === 0 ? before : null;
  const body = already ? rest.slice(already[0].length) : rest;
  const left = body.length - TAIL + Number(already?.[1] ?? 0);
  return `${head}\n[… ${left} characters left out …]\n${body.slice(-TAIL)}`;
}
