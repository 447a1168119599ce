"""Numbers in a text as values: in any writing, with sign, bound, range, unit and what they are of."""

from ragqa.language.quantities.numerals import NUMBER
from ragqa.language.quantities.reading import masses, quantities
from ragqa.language.quantities.values import Quantity, same, sort, within

__all__ = ["NUMBER", "Quantity", "masses", "quantities", "same", "sort", "within"]
