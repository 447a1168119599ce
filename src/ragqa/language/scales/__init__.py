"""Where patients stand on the scales by which doses and populations differ, and which bands of them sources speak of.

standing("dose if CrCl is 45?", "In severe renal impairment (creatinine clearance 5-29 mL/min) halve it.") == "outside"
"""

from ragqa.language.scales.band import Band, Fit, Scale, Stretch, fit
from ragqa.language.scales.names import called
from ragqa.language.scales.standing import EXCLUDING, Standing, bands, places, standing, stands

__all__ = ["EXCLUDING", "Band", "Fit", "Scale", "Standing", "Stretch", "bands", "called", "fit", "places", "standing", "stands"]
