"""Figures of what was measured, a module a subject; the same results give the same file."""

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "ragqa"
