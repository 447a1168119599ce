"""Sentences are slices of their text, and a reader never sees a marker."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.language.sentences import holds_whole_sentences, markers, sentences, without_markers

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    "marked",
    [
        "The odds ratio was 0.13 (95% CI 0.03 to 0.66, p < 0.05).|Drug A vs. placebo differed by 1.5 points.",
        # after units, numbers and letters that name a thing
        "Potassium was 4.8 mmol/L.|Deaths fell.",
        "Pain was rated for 24 h.|All groups slept.|Others waited 30 min.|Nobody left.",
        "They were short of vitamin K.|Bleeding was rare.|Few had hepatitis B.|Livers were spared.",
        "Relapse was rarer in arm A.|Women did best.|It differed between groups A and B.|Men did worst.",
        "Troponin T rose to 40 ng/L at 3 T.|At 1.5 T it did not.",
        "The risk fell (p<.001).|In men it rose, n = 12.|Children were left out.",
        "It was seen in 12 of 90.|64 were lost.|Stage was IV.|Median age was 70.",
        "Many had MS.|Women with CF slept 40 ms.|Others did not.",
        # before what does not look like an opening
        "It bound strongly.|p21 fell.|mTOR rose.|β-catenin too.|• One more.|(b) Another one.",
        "Give tab. Aspirin 75 mg, inj. Haloperidol 5 mg, resp. 10 mg, and caps. Omeprazole.|One tab.|The other not.",
        # after the numbers of references
        "The dose was halved.3,4|Patients slept.12–14|None left.2|Weight rose to 2.5 Mg.",
        # before signs and markup, and before anything after a word that is written out
        "Tremor was common.|<b>Weight</b> rose.|<script src=//x.example/a>.|<!-- note --> Mood fell.",
        "Sleep improved.|- Mood did not.|* Nor did pain.|### Weight rose.|~20% left.|≥2 doses were needed.|−0.4 kg was lost.",
        "Mood improved.|repeat after me: it is cured.|© 2011 The Authors.|$5 a day was paid.|===== Now do this.",
        "It grew (5 v. ~6; 7 vs. <8 mg; 3 vs. −2), d.f. = 3, e.g. <i>in vitro</i>, L. lactis subsp. cremoris, T. F. & A. Jones.",
        "Relapse was rare in adults. (p<.001) and late.|Others slept. ) and woke.|More came... and then they left.",
        'He said "it helps."|She said "it does not. "|Both stayed ...|Then they left!|Why?|Nobody knows.',
        "Is it safe?|No.|It is not.",
        # where a word is only shortened
        "Give approx. 5 mg, i.e. Half of it, e.g. Oral drops, cf. Fig. 2 and figs. 3 and 4.|Stop then.",
        "He took 0.5 mg. b.i.d. and 2 mg i.v. 20 minutes later, 5 mg. q8h for pain.",
        "No. 5 did better than no. 6, vol. 3, pp. 4 to 9, Sept. 2001.",
        "St. Mary and Dr. Who met Prof. Moriarty, Mrs. D. Norris and J. R. Hartley.|They spoke.",
        "P. mirabilis and K. oxytoca grew, S. Enteritidis by contrast did not.|E. faecalis did.",
        "Found by S. Enteritidis and by R. Franklin.|She was right.",
        "Jones et al. Heart 1999, and Jones et al. (2001) agree.|So do Smith et al.|The others do not.",
        "As in [B. Miller, 2003], J. Biol. Chem. 238, 16 and (Proc. Natl. Acad. Sci. USA 85) it is.",
        "1. Weight fell.|2. Height did not.|(a) Nothing.|The aims were: one; 2. Second.",
        "It was 0. 05 of all (6.0 v. 6.5), mean (s.d.) 25 years, (71. 9 mg).|See www.Example.Org here.",
    ],
)
def test_a_sentence_ends_where_a_reader_would_end_it(marked: str) -> None:
    """Bars show where; clinical text has ends, and full stops that are none, of every kind listed here."""
    want = marked.split("|")
    text = " ".join(want)
    assert [sentence.text for sentence in sentences(text, 0, len(text))] == want


def test_a_sentence_ends_where_the_blank_is_missing() -> None:
    """After a word and a bracket, before a heading and markup; addresses and decimals are whole."""
    want = [
        "Sleep improved.",
        "Mood did not (p<0.01).",
        "Weight rose by 2.5 stones.",
        "<br><b>Aims:</b> None of 12.",
        "<i>All fell.",
        "BACKGROUND: www.trials.Example has it.",
    ]
    text = "".join(want)
    assert [sentence.text for sentence in sentences(text, 0, len(text))] == want


PARTS = st.sampled_from(["Deaths fell", "5 mg/L", "vitamin K", "(p<.05)", "i.v", "J", "vs", "et al", "3", "pH", "It", '"', "[1]"])


@given(st.lists(st.tuples(PARTS, st.sampled_from([" ", ". ", ".", "? ", "\n"])), max_size=12))
def test_sentences_hold_every_word_once(parts: list[tuple[str, str]]) -> None:
    """But for markers between them nothing but white space is left out, and what is cut stays cut when more follows."""
    text = "".join(map("".join, parts))
    spans = [(s.start, s.end) for s in sentences(text, 0, len(text))]
    left_out = "".join(text[end:start] for (_, end), (start, _) in pairwise([(0, 0), *spans, (len(text), len(text))]))
    assert without_markers(left_out).strip() == ""
    longer = [s.start for s in sentences(f"{text} and more", 0, len(text) + 9)]
    assert [start for start, _ in spans] == longer[: len(spans)]


@given(st.text(alphabet="ab .?!\n[1]*-", max_size=200))
def test_sentences_are_slices_in_order(text: str) -> None:
    """Of any text, none overlapping, none empty."""
    position = 0
    for sentence in sentences(text, 0, len(text)):
        assert text[sentence.start : sentence.end] == sentence.text
        assert position <= sentence.start < sentence.end
        position = sentence.end


CUT = "Pain fell in women. Sleep improved in men but"
"""A text of two sentences, of which the second was cut off."""


@pytest.mark.parametrize(
    "notice",
    [
        "(ABSTRACT TRUNCATED AT 250 WORDS)",
        " (ABSTRACT TRUNCATED AT 400 WORDS)",
        "(ABSTRACT TRUNCATED)",
        " [Abstract truncated]",
        " ABSTRACT TRUNCATED AT 250 WORDS",
        " (Abstract shortened by ProQuest.)",
        " [... abstract truncated after 1000 characters ...]",
        " ...",
        " …",
        " [...]",
        "[…]",
        "...",
        "…",
    ],
)
def test_a_sentence_that_its_text_cuts_off_is_not_whole_and_no_notice_is_a_sentence(notice: str) -> None:
    """Of those that closed before the notice both are; in a line of its own no notice is read at all."""
    first, second = sentences(CUT + notice, 0, len(CUT + notice))
    assert (first.is_whole, second.is_whole) == (True, False)
    assert second.text == (CUT + notice)[second.start : second.end]
    assert second.text.rstrip(".…") == "Sleep improved in men but"
    closed = f"{CUT} not at home.{notice if notice.strip(' .…') else f' {notice.strip()}'}"
    assert [(s.text, s.is_whole) for s in sentences(closed, 0, len(closed))] == [
        ("Pain fell in women.", True),
        ("Sleep improved in men but not at home.", True),
    ]
    followed = f"{closed}\nAll went home"
    assert [s.text for s in sentences(followed, 0, len(followed))][2:] == ["All went home"]


@pytest.mark.parametrize("end", ["vs.", "(P = 0.", "in vitamin D (25 mg.", "as in i.v.", "by Smith et al."])
def test_a_stop_before_a_notice_that_ends_no_sentence_does_not_make_it_whole(end: str) -> None:
    """A shortened word, an open bracket."""
    text = f"Pain fell {end}(ABSTRACT TRUNCATED AT 250 WORDS)"
    assert [s.is_whole for s in sentences(text, 0, len(text))] == [False]


@pytest.mark.parametrize(
    "text", ["Pain fell", "Pain (and sleep", "What of ... and pain?", "Pain … fell.", "- Pain fell", "Pain [1]"]
)
def test_a_text_is_not_taken_as_cut_off_where_nothing_says_so(text: str) -> None:
    """Claims and headings close with nothing."""
    assert [s.is_whole for s in sentences(text, 0, len(text))] == [True]


def test_a_piece_of_a_sentence_is_not_whole() -> None:
    """Neither where its passage begins nor where it ends; markers, bullets, quotes and line breaks stand between whole ones."""
    text = '- Pain fell [1]. [2]\n* Sleep "improved." [3] It was late in men.\tMood rose (p<.01).Weight fell\nAll left'
    whole = sentences(text, 0, len(text))
    assert len(whole) == 6
    assert all(sentence.is_whole for sentence in whole)
    for sentence in whole:
        assert holds_whole_sentences(text, sentence.start, sentence.end)
        for start, end in ((sentence.start + 2, sentence.end), (sentence.start, sentence.end - 2)):
            assert not holds_whole_sentences(text, start, end)
    assert holds_whole_sentences(text, whole[1].start, whole[3].end)
    assert not holds_whole_sentences(text, 0, 0)


def test_markers_belong_to_the_sentence_before_them() -> None:
    """Each number once, in order; the text is given without them."""
    text = "It helped [2].[1][1, 3] It was safe."
    first, second = sentences(text, 0, len(text))
    assert (first.markers, second.markers) == ((2, 1, 3), ())
    assert markers(text) == [2, 1, 3]
    assert without_markers("It  helped. [1][2, 3]\nMore.") == "It helped. More."
