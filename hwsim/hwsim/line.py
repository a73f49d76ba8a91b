"""One print line while it is being set: pieces of ink at their places, and their text."""

from dataclasses import dataclass, field

from PIL import Image, ImageChops, ImageDraw

from hwsim.models import INK


@dataclass(frozen=True, slots=True)
class Piece:
    """A character or a bit image. `width` is its advance, its ink may be narrower."""

    x: int
    width: int
    ink: Image.Image
    text: str


@dataclass(slots=True)
class PrintLine:
    """Pieces from the print area's left edge; `x` is where the next one goes."""

    pieces: list[Piece] = field(default_factory=list)
    x: int = 0

    @property
    def width(self) -> int:
        """Dots from the area's left edge to the end of the last piece."""
        return max((piece.x + piece.width for piece in self.pieces), default=0)

    @property
    def height(self) -> int:
        """Dots of the highest piece."""
        return max((piece.ink.height for piece in self.pieces), default=0)

    def add(self, ink: Image.Image, width: int, text: str) -> None:
        """Set a piece and advance."""
        self.pieces.append(Piece(self.x, width, ink, text))
        self.x += width

    def ink(self) -> Image.Image:
        """All pieces on a common foot."""
        height = self.height
        picture = Image.new("1", (self.width, height), 0)
        for piece in self.pieces:
            picture.paste(INK, (piece.x, height - piece.ink.height), piece.ink)
        return picture

    def text(self, offset: int, cell: int) -> str:
        """The line as text, indented by `offset` dots; gaps become spaces of `cell` dots."""
        text = " " * (offset // cell)
        end = 0
        for piece in sorted(self.pieces, key=lambda piece: piece.x):
            if piece.text:
                text += " " * round((piece.x - end) / cell) + piece.text
                end = piece.x + piece.width
        return text.rstrip()


def dressed(
    glyph: Image.Image,
    scale: tuple[int, int],
    *,
    spacing: int,
    underline: int,
    inverse: bool,
    turned: bool = False,
) -> Image.Image:
    """A character's cell magnified, `turned` clockwise, with its spacing, underline, inversion."""
    if turned:
        glyph = glyph.transpose(Image.Transpose.ROTATE_270)
    if scale != (1, 1):
        size = (glyph.width * scale[0], glyph.height * scale[1])
        glyph = glyph.resize(size, Image.Resampling.NEAREST)
    if not (spacing or underline or inverse):
        return glyph
    cell = Image.new("1", (glyph.width + spacing, glyph.height), 0)
    cell.paste(glyph, (0, 0))
    if underline:
        bottom = (0, cell.height - underline, cell.width - 1, cell.height - 1)
        ImageDraw.Draw(cell).rectangle(bottom, fill=INK)
    return ImageChops.invert(cell) if inverse else cell
