"""Cited answers to clinicians' follow-up questions, made only from approved articles and the abstracts they cite.

Start at ``ragqa.pipeline``: the one place where the stages meet.
"""
