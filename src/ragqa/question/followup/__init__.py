"""A follow-up question made to stand alone: what it leaves out is taken from the conversation, or asked for.

No language model. The question's mentions (treatments, conditions, populations) are held against those of the thread: a bare
mention takes the place of its like ("and in adolescents?"), a pronoun becomes the treatment it points to, a correction replaces
what it corrects, and what then lacks a treatment or a condition takes over the thread's. What is told of somebody ("she is 15",
"she is also on X") asks the question before of that patient, or how X goes with its treatment. Where a pronoun could mean either
of two treatments, the reader is asked; several questions in one text are cut apart, to be asked one by one. A wrong reading costs
little: the question as asked is searched beside it.
"""

from ragqa.question.followup.anaphora import refers_back
from ragqa.question.followup.context import REMEMBERED, apart, chosen, standalone
from ragqa.question.followup.thread import Reading

__all__ = ["REMEMBERED", "Reading", "apart", "chosen", "refers_back", "standalone"]
