"""Answers judged by people: pairs of two systems' answers, shown without telling which is whose, and how far raters agree."""
