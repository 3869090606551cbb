"""Requests and answers of ``/chat``."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from recsys.chat import Message, PhrasedBy, Role
from recsys.recommend.answer import Source, Strategy
from serving.schemas.answers import AttributeValue, Count, ForUser, ModelAnswer, NamedItem, Positive
from serving.schemas.base import AnswerObject, Id, StrictObject
from serving.schemas.bodies import Exclude, Filters, Whole
from serving.schemas.lists import ListSchema

MOST_MESSAGES = 1000
LONGEST_CONTENT = 40_000  # of the assistant: a list of a hundred items with reasons
LONGEST_SAID = 4000  # of the person
MOST_IGNORED = 100
LONGEST_IGNORED = 200
MOST_ITEMS = 100

Content = Annotated[str, Field(min_length=1, max_length=LONGEST_CONTENT)]
Ignored = Annotated[str, Field(min_length=1, max_length=LONGEST_IGNORED)]


class MessageIn(StrictObject):
    """A turn of a conversation."""

    model_config = ConfigDict(title="Message")

    role: Role = Field(description="`user`: the person; `assistant`: the service")
    content: Content = Field(description=f"the text of the turn; of a person at most {LONGEST_SAID} characters")

    @model_validator(mode="after")
    def _check_length(self) -> MessageIn:
        if self.role == "user" and len(self.content) > LONGEST_SAID:
            raise PydanticCustomError(
                "string_too_long",
                "a person's `content` has {length} characters; at most {most} are taken",
                {"length": len(self.content), "most": LONGEST_SAID},
            )
        return self


class ChatBody(StrictObject, ListSchema):
    """Body of ``POST /chat``."""

    messages: tuple[MessageIn, ...] = Field(
        min_length=1, max_length=MOST_MESSAGES, strict=False, description="the turns so far, oldest first"
    )
    user_id: Annotated[Id | None, Field(description="adds the taste of this user and leaves out seen items")] = None
    k: Annotated[int, Field(ge=1, le=MOST_ITEMS, description="how many items"), Whole] = 10
    exclude: Exclude = ()
    filters: Filters = ()
    ignore: tuple[Ignored, ...] = Field(
        (),
        max_length=MOST_IGNORED,
        strict=False,
        description="texts that are no name of an item, no value, range or description: the `said` of a misunderstanding",
    )

    @cached_property
    def turns(self) -> tuple[Message, ...]:
        return tuple(Message(message.role, message.content) for message in self.messages)

    @cached_property
    def ignored(self) -> frozenset[str]:
        return frozenset(text.casefold() for text in self.ignore)


class Mention(AnswerObject):
    """A statement about an item, a value of an attribute, or anything else."""

    said: str = Field(description="its words")
    turn: Count = Field(description="number of the message, from 0")
    weight: float = Field(description="1 for the latest turn of the person, less for earlier turns")
    item_id: Annotated[Id, Field(default=None, description="of an item")]
    title: Annotated[str, Field(default=None)]
    others: Annotated[list[Id], Field(default=None, description="other items of that name")]
    attribute: Annotated[str, Field(default=None, description="of a value")]
    value: Annotated[str, Field(default=None)]
    less: Annotated[bool, Field(default=None, description="less of it is preferred; it makes no filter")]


class UnderstoodFilter(AnswerObject):
    """A condition, as `filters` takes it."""

    attribute: str
    any: Annotated[list[str], Field(default=None)]
    none: Annotated[list[str | float], Field(default=None)]
    min: Annotated[float, Field(default=None)]
    max: Annotated[float, Field(default=None)]


class UnderstoodAnswer(AnswerObject):
    """The parsed preferences, for display and correction."""

    model_config = ConfigDict(title="Understood")

    likes: list[Mention]
    dislikes: list[Mention]
    seen: list[Mention]
    filters: list[UnderstoodFilter] = Field(description="conditions from the conversation that all items meet")
    shown: list[Id] = Field(description="items that the assistant named earlier; they are left out")


class NearItem(NamedItem):
    """A liked item, and its similarity."""

    score: float = Field(description="cosine")


class HasValue(AttributeValue):
    """A requested value."""


class ChatReason(AnswerObject):
    """The parts of a score: the last five add up to it."""

    near: NearItem | None = Field(description="the most similar of the named items")
    attributes: list[HasValue] = Field(description="requested values that the item has")
    words: list[str] = Field(description="words of the conversation in the text of the item")
    meaning: float
    by_attributes: float
    by_words: float
    personal: float
    popularity: float


class ChatItem(NamedItem):
    """One item of the answer."""

    rank: Positive
    score: float
    source: Source
    reason: ChatReason


class Option(AnswerObject):
    """A possible answer to the question."""

    label: str
    say: str = Field(description="the next message for this answer")
    n: Count = Field(description="the number of candidates that remain")


class QuestionAnswer(AnswerObject):
    """The question that splits the candidates best."""

    model_config = ConfigDict(title="Question")

    text: str
    attribute: str
    options: list[Option]
    bits: float = Field(description="information in its answer: the entropy of the split")
    candidates: Count = Field(description="the number of items that it splits, the best ones of the answer")


class ChatAnswer(ForUser, ModelAnswer):
    """Answer of ``/chat``."""

    strategy: Strategy = Field(description="`conversation`; the strategy of the fallback if nothing was understood")
    fallback: bool
    reply: str = Field(description="the answer as a text, to be sent back as the assistant's turn")
    phrased_by: PhrasedBy = Field(description="`model`: by the endpoint of `chat.phrase_url`")
    items: list[ChatItem]
    question: QuestionAnswer | None
    understood: UnderstoodAnswer
    degraded: Annotated[
        list[Literal["events", "semantic", "phrasing"]],
        Field(default=None, description="services that are unavailable at the moment; absent otherwise"),
    ]
