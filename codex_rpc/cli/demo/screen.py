"""The demo on a terminal: who says what, what is asked and answered, what runs and changes."""

from typing import Any, TextIO

Item = dict[str, Any]

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"


class Screen:
    """Writes to `stream`, in color if that is wanted."""

    def __init__(self, stream: TextIO, *, wire: bool, color: bool) -> None:
        self._stream = stream
        self._show_wire = wire
        self._color = color
        self._at_line_start = True

    def title(self, title: str, introduction: str) -> None:
        self._line(title, BOLD)
        self._line(introduction, DIM)

    def wire(self, direction: str, line: str) -> None:
        """One JSON-RPC line, if they are to be shown."""
        if self._show_wire:
            self._fresh_line()
            self._line(f"{direction} {line}", DIM)

    def user(self, text: str) -> None:
        self._heading("user", CYAN)
        self._line(text)

    def text(self, delta: str) -> None:
        """A piece of the agent's message."""
        self._write(delta)

    def item_started(self, item: Item) -> None:
        match item["type"]:
            case "agentMessage":
                self._heading("agent", GREEN)
            case "commandExecution":
                self._heading("command", YELLOW)
                self._line(f"$ {item['command']}", BOLD)
            case "fileChange":
                self._heading("patch", YELLOW)
                for change in item["changes"]:
                    self._line(f"{change['kind']['type']} {change['path']}", BOLD)
                    self._diff_lines(change["diff"])
            case _:
                pass

    def output(self, delta: str) -> None:
        """A piece of a command's output."""
        self._write(delta)

    def approval(self, params: Item) -> None:
        """A question, which the demo answers with yes."""
        self._fresh_line()
        what = "run this command" if "command" in params else "change these files"
        self._line(f"? The server asks: may I {what}?  -> yes, for this session", CYAN)

    def item_completed(self, item: Item) -> None:
        self._fresh_line()
        match item["type"]:
            case "commandExecution":
                failed = item["exitCode"] != 0
                self._line(f"exit code {item['exitCode']}", RED if failed else GREEN)
            case "fileChange":
                self._line(item["status"], GREEN)
            case _:
                pass

    def diff(self, diff: str) -> None:
        """What the turn has changed in all."""
        self._heading("diff of the turn", GREEN)
        self._diff_lines(diff)

    def verdict(self, text: str) -> None:
        self._line("")
        self._line(text, GREEN)

    def _diff_lines(self, diff: str) -> None:
        colors = {"+": GREEN, "-": RED, "@": CYAN}
        for line in diff.splitlines():
            self._line(line, colors.get(line[:1]))

    def _heading(self, who: str, color: str) -> None:
        self._fresh_line()
        self._line("")
        self._line(f"── {who}", color)

    def _fresh_line(self) -> None:
        if not self._at_line_start:
            self._write("\n")

    def _line(self, text: str, color: str | None = None) -> None:
        colored = self._color and color is not None and text
        self._write(f"\x1b[{color}m{text}\x1b[0m\n" if colored else f"{text}\n")

    def _write(self, text: str) -> None:
        if text:
            self._stream.write(text)
            self._stream.flush()
            self._at_line_start = text.endswith("\n")
