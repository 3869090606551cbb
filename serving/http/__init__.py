"""What every request passes: limits, parsing, problems, headers."""

from serving.http.admission import OverloadError, arriving
from serving.http.read_body import body
from serving.http.requests import request_id
from serving.http.responses import personal, plain

__all__ = ["OverloadError", "arriving", "body", "personal", "plain", "request_id"]
