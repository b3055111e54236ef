"""Lines of text to be read by a recogniser, and their pictures in the fonts that Matplotlib ships."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from rankkit.arrays import FloatArray

#: One sentence a line; those with a character that is no class of a head are left out for that head.
SENTENCES = """
The matrix has rank seven, but its shape allows ninety.
Every verdict carries a reason that somebody else can check.
A word that never wins is not rare: it lies inside the others.
Two towers of height d add up to at most d plus one.
Where is the near miss? Drop a hypothesis and look again.
On Tuesday the harbour was quiet; 14 boats came in before noon.
Please measure twice, cut once, and write both numbers down.
Her quick brown notes filled six pages (see the appendix).
Bring 3 lemons, 250 g of sugar & a jar of honey - thank you!
The bottleneck is narrow: 768 numbers decide among 50,000 words.
Le calcul est exact, mais la mémoire est courte.
L'été dernier, il a plu pendant quarante jours à Genève.
Où est la clé de la bibliothèque? Derrière le gâteau.
Über sieben Brücken führt der Weg zurück ins Tal.
Größe und Maß hängen von der Straße ab, sagt der Gärtner.
El niño pequeño cantó una canción en el jardín.
¿Cuántas señales caben en una montaña? Más de mil.
Žluté kolo stojí u řeky, říká můj děda.
Łódź płynie powoli, a żeglarz śpi pod żaglem.
Το ποταμι ρεει αργα και η νυχτα ειναι μεγαλη.
Κάθε μέρα ο ήλιος ανατέλλει πάνω από τη θάλασσα.
Каждый вечер мы читаем у окна и пьём горячий чай.
Река течёт медленно, а ночь длинная и тихая.
""".strip().split("\n")

FONTS = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf", "DejaVuSans-Bold.ttf")


@cache
def _folder() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@cache
def covered(font: str) -> frozenset[str]:
    """Return the characters that a font can draw."""
    from matplotlib.ft2font import FT2Font

    return frozenset(map(chr, FT2Font(str(_folder() / font)).get_charmap()))


@dataclass(frozen=True)
class Writer:
    """Writes in characters of ``alphabet`` that its fonts have, in pictures of one ``height``."""

    alphabet: frozenset[str]
    height: int
    rng: np.random.Generator

    def glyphs(self) -> list[str]:
        """Return every character of the alphabet that the first font can draw, in a fixed order."""
        return sorted(c for c in self.alphabet & covered(FONTS[0]) if c.strip())

    def lines(self) -> Iterator[str]:
        """Yield lines without end: sentences, figures, and random strings, in turn."""
        known = [line for line in SENTENCES if self.alphabet.issuperset(line)]
        everywhere = sorted(frozenset.intersection(self.alphabet, *map(covered, FONTS)) - {" "})
        while True:
            if known:
                yield self._cut(str(self.rng.choice(known)))
            yield self._figures()
            yield " ".join("".join(self.rng.choice(everywhere, 5)) for _ in range(3))

    def picture(self, text: str, width: int | None = None) -> FloatArray:
        """Return ``text`` in dark on light grey (height, width), 0 to 255, with some noise as a scan has."""
        from PIL import Image, ImageDraw, ImageFont

        fonts = [font for font in FONTS if covered(font).issuperset(text)]
        size = int(self.height * self.rng.uniform(0.58, 0.72))
        font = ImageFont.truetype(str(_folder() / self.rng.choice(fonts)), size)
        margin = self.height // 8
        width = width or max(self.height, int(font.getlength(text)) + 2 * margin)
        ink, paper = int(self.rng.integers(0, 60)), int(self.rng.integers(200, 256))
        image = Image.new("L", (width, self.height), paper)
        ImageDraw.Draw(image).text((margin, self.height / 2), text, fill=ink, font=font, anchor="lm")
        return np.clip(np.asarray(image, np.float64) + self.rng.normal(0, 4, (self.height, width)), 0, 255)

    def _cut(self, sentence: str, longest: int = 34) -> str:
        start = int(self.rng.integers(0, max(1, len(sentence) - longest + 1)))
        return sentence[start : start + longest].strip()

    def _figures(self) -> str:
        year, day, price = self.rng.integers([1800, 1, 100], [2100, 29, 99999])
        code = "".join(self.rng.choice(sorted("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"), 6))
        return f"{year}-{self.rng.integers(1, 13):02d}-{day:02d}  {code}  {price / 100:.2f}"


def right_share(pairs: Sequence[tuple[str, str]]) -> float:
    """Return which share of the written characters was read, in order; spaces do not count."""
    from difflib import SequenceMatcher

    right = total = 0
    for written, read in pairs:
        a, b = written.replace(" ", ""), read.replace(" ", "")
        right += sum(
            block.size for block in SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
        )
        total += len(a)
    return right / total if total else 0.0
