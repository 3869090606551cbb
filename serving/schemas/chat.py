"""What is sent to and answered by ``/chat``."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from recsys.chat import Message, PhrasedBy, Role
from recsys.recommend.answer import Source, Strategy
from serving.schemas.answers import AnswerObject, Count, Version
from serving.schemas.answers import Id as AnsweredId
from serving.schemas.base import StrictObject
from serving.schemas.bodies import Exclude, Filters, Id, Whole
from serving.schemas.lists import ListSchema

MOST_MESSAGES = 1000
LONGEST_CONTENT = 40_000  # of the assistant: a list of a hundred items with reasons
LONGEST_SAID = 4000  # of the person
MOST_IGNORED = 100
LONGEST_IGNORED = 200
MOST_ITEMS = 100


class MessageIn(StrictObject):
    """A turn of a conversation."""

    model_config = ConfigDict(title="Message")

    role: Annotated[Role, Field(description="`user`: the person; `assistant`: the service")]
    content: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST_CONTENT,
            description=f"what was said; of a person at most {LONGEST_SAID} characters",
        ),
    ]

    @model_validator(mode="after")
    def _of_a_person_is_short(self) -> MessageIn:
        if self.role == "user" and len(self.content) > LONGEST_SAID:
            raise PydanticCustomError(
                "string_too_long",
                "a person's `content` has {length} characters; at most {most} are taken",
                {"length": len(self.content), "most": LONGEST_SAID},
            )
        return self


Ignored = Annotated[str, Field(min_length=1, max_length=LONGEST_IGNORED)]


class ChatBody(StrictObject, ListSchema):
    """Body of ``POST /chat``."""

    messages: Annotated[
        tuple[MessageIn, ...],
        Field(min_length=1, max_length=MOST_MESSAGES, strict=False, description="the turns so far, oldest first"),
    ]
    user_id: Annotated[Id | None, Field(description="with this user's taste, and without what they have seen")] = None
    k: Annotated[int, Field(ge=1, le=MOST_ITEMS, description="how many items"), Whole] = 10
    exclude: Exclude = ()
    filters: Filters = ()
    ignore: Annotated[
        tuple[Ignored, ...],
        Field(
            max_length=MOST_IGNORED,
            strict=False,
            description="what is not to be taken for the name of an item, a value, a range or a text: the `said` of what was "
            "understood wrongly",
        ),
    ] = ()

    @cached_property
    def turns(self) -> tuple[Message, ...]:
        return tuple(Message(one.role, one.content) for one in self.messages)

    @cached_property
    def ignored(self) -> frozenset[str]:
        return frozenset(one.casefold() for one in self.ignore)


class Mention(AnswerObject):
    """What was said of an item, of a value of an attribute, or of anything else."""

    said: Annotated[str, Field(description="the words")]
    turn: Annotated[Count, Field(description="number of the message, from 0")]
    weight: Annotated[float, Field(description="1 for the latest turn of the person, less for those before")]
    item_id: Annotated[AnsweredId, Field(default=None, description="of an item")]
    title: Annotated[str, Field(default=None)]
    others: Annotated[list[AnsweredId], Field(default=None, description="items that are called so as well")]
    attribute: Annotated[str, Field(default=None, description="of a value")]
    value: Annotated[str, Field(default=None)]
    less: Annotated[bool, Field(default=None, description="less of it is wanted; no condition is made of that")]


class UnderstoodFilter(AnswerObject):
    """A condition, as `filters` takes it."""

    attribute: str
    any: Annotated[list[str], Field(default=None)]
    none: Annotated[list[str | float], Field(default=None)]
    min: Annotated[float, Field(default=None)]
    max: Annotated[float, Field(default=None)]


class UnderstoodAnswer(AnswerObject):
    """What was understood, to be shown and corrected."""

    model_config = ConfigDict(title="Understood")

    likes: list[Mention]
    dislikes: list[Mention]
    seen: list[Mention]
    filters: Annotated[list[UnderstoodFilter], Field(description="conditions that all items meet, from what was said")]
    shown: Annotated[list[AnsweredId], Field(description="items that the assistant named before, not named again")]


class NearItem(AnswerObject):
    """A liked item, and how like it is."""

    item_id: AnsweredId
    title: str
    score: Annotated[float, Field(description="cosine")]


class HasValue(AnswerObject):
    """A value that was asked for."""

    attribute: str
    value: str


class ChatReason(AnswerObject):
    """Why an item has its score, which is the sum of the last five."""

    near: Annotated[NearItem | None, Field(description="the named item that it is most like")]
    attributes: Annotated[list[HasValue], Field(description="values that were asked for and it has")]
    words: Annotated[list[str], Field(description="words that were said and its text has")]
    meaning: float
    by_attributes: float
    by_words: float
    personal: float
    popularity: float


class ChatItem(AnswerObject):
    """One item of the answer."""

    rank: Annotated[int, Field(ge=1)]
    item_id: AnsweredId
    score: float
    title: str
    source: Source
    reason: ChatReason


class Option(AnswerObject):
    """A possible answer to the question."""

    label: str
    say: Annotated[str, Field(description="what the next message may be")]
    n: Annotated[Count, Field(description="the candidates that it leaves")]


class QuestionAnswer(AnswerObject):
    """The question that splits the candidates best."""

    model_config = ConfigDict(title="Question")

    text: str
    attribute: str
    options: list[Option]
    bits: Annotated[float, Field(description="what its answer tells: the entropy of the split")]
    candidates: Annotated[Count, Field(description="the items that it splits, the best ones of the answer")]


class ChatAnswer(AnswerObject):
    """Answer of ``/chat``."""

    user_id: Annotated[AnsweredId, Field(default=None, description="not there for a guest")]
    model_version: Version
    strategy: Annotated[Strategy, Field(description="`conversation`; where nothing was understood, what stands in")]
    fallback: bool
    reply: Annotated[str, Field(description="the answer as a text, to be sent back as the assistant's turn")]
    phrased_by: Annotated[PhrasedBy, Field(description="`model`: by the endpoint of `chat.phrase_url`")]
    items: list[ChatItem]
    question: QuestionAnswer | None
    understood: UnderstoodAnswer
    degraded: Annotated[
        list[Literal["events", "semantic", "phrasing"]],
        Field(default=None, description="what could not be had just now; not there otherwise"),
    ]


CHAT_EXAMPLE: Any = {
    "messages": [
        {"role": "user", "content": "I loved i4 but not horror"},
        {"role": "assistant", "content": "1. i17"},
        {"role": "user", "content": "Nothing from before 1990, and something funnier"},
    ],
    "k": 5,
}
