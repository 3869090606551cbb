"""Reply in the words of a language model: an endpoint with OpenAI's chat completions API, where one is configured.

The request has the latest turns, the items with their reasons, and the question, and nothing else of the user. The answer is
shown as text and decides nothing. Redirects and proxies are not followed, so no other host receives the request.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from recsys.chat.preferences import Message
from recsys.config import ChatConfig
from recsys.errors import PhrasingError

MOST_TURNS = 6
LONGEST_TURN = 1000
LONGEST_ANSWER = 200_000  # bytes that are read
LONGEST_REPLY = 4000  # characters
INSTRUCTIONS = (
    "You put the answer of a recommendation engine into words, in the language of the person. Name every item of FOUND in its "
    "order, with its reason in a few words, and end with the question if there is one. Add no item and no fact."
)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())


def llm_reply(
    config: ChatConfig, messages: Sequence[Message], plain: str, environment: Mapping[str, str] = os.environ
) -> str:
    """Return the reply `plain` in the words of the endpoint at `phrase_url`; `environment` has the key ``phrase_key_env``.

    Raises
    ------
    PhrasingError
        When there is no valid answer in time; the message quotes nothing of the conversation.
    """
    turns = [{"role": role, "content": content[-LONGEST_TURN:]} for role, content in messages[-MOST_TURNS:]]
    body = {
        "model": config.phrase_model,
        "messages": [{"role": "system", "content": f"{INSTRUCTIONS}\nFOUND:\n{plain}"}, *turns],
        "temperature": 0.3,
        "stream": False,
    }
    url = f"{config.phrase_url.rstrip('/')}/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), _headers(config, environment))  # noqa: S310 - config.py checks the scheme
    try:
        with OPENER.open(request, timeout=config.phrase_seconds) as response:
            raw = response.read(LONGEST_ANSWER + 1)
    except HTTPError as error:
        error.close()
        raise PhrasingError(f"chat.phrase_url did not answer: status {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise PhrasingError(f"chat.phrase_url did not answer: {type(error).__name__}") from None
    return _text(raw)


def _headers(config: ChatConfig, environment: Mapping[str, str]) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if config.phrase_key_env:
        key = environment.get(config.phrase_key_env, "")
        if not key:
            raise PhrasingError(f"the environment has no {config.phrase_key_env}, which chat.phrase_key_env names")
        headers["Authorization"] = f"Bearer {key}"
    return headers


def _text(raw: bytes) -> str:
    try:
        if len(raw) > LONGEST_ANSWER:
            raise ValueError
        text = json.loads(raw)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        text = None
    if not isinstance(text, str) or not text.strip():
        raise PhrasingError("chat.phrase_url answered with something else than a chat completion")
    return text.strip().encode("utf-8", "replace").decode("utf-8")[:LONGEST_REPLY]
