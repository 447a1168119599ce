"""Numbers in a text as values: in any writing, with sign, bound, range, unit and what they are of."""

from ragqa.language.quantities.numerals import NUMBER
from ragqa.language.quantities.reading import quantities
from ragqa.language.quantities.values import Quantity, same, sort

__all__ = ["NUMBER", "Quantity", "quantities", "same", "sort"]
