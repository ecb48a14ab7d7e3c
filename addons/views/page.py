"""A page of text: headings, paragraphs and short facts, with an end to its length."""

from dataclasses import dataclass, field

from addons.views.bounded import LONGEST, readable

LENGTH = 1 << 20
"""Characters of one page, raw form and all."""
WIDTH = 60


@dataclass(slots=True)
class Page:
    """What was written so far."""

    lines: list[str] = field(default_factory=list[str])
    room: int = LENGTH
    missing: list[str] = field(default_factory=list[str])
    """What is not on it, in words."""

    def text(self, text: str, indent: str = "", most: int = LONGEST) -> None:
        """A paragraph, as it is, with no more than so many characters."""
        text = readable(text, most)
        if len(text) > self.room:
            self.missing.append("what no longer fits on this page")
            self.room = 0
            return
        self.room -= len(text) + 1
        self.lines += [indent + line for line in text.split("\n")] if indent else [text]

    def heading(self, text: str) -> None:
        """What comes next, and a line across."""
        title = f"── {readable(text, 200)} "
        self.text(f"{'' if not self.lines else '\n'}{title:─<{WIDTH}}")

    def fact(self, name: str, value: object) -> None:
        """`name: value`, unless there is none."""
        if value not in (None, "", (), []):
            self.text(f"{name}: {value}")

    def written(self) -> str:
        """The whole page; what is missing is said at its head."""
        gone = list(dict.fromkeys(self.missing))
        more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
        notice = [f"left out: {'; '.join(gone[:5])}{more}"] if gone else []
        return "\n".join([*self.lines[:1], *notice, *self.lines[1:]]) + "\n"


def dollars(cost: float) -> str:
    """`$0.00012`: as many digits as it takes to say anything."""
    if cost >= 1 or not cost:
        return f"${cost:.2f}"
    return "$" + f"{cost:.{6 if cost >= 0.0001 else 9}f}".rstrip("0")
