/** Whether a scrolled box is at its end, and how to get there. */

const NEARLY = 40;

export function isAtEnd(box: HTMLElement): boolean {
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEARLY;
}

export function scrollToEnd(box: HTMLElement): void {
  box.scrollTop = box.scrollHeight;
}
