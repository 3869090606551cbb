from .admission import OverloadError as OverloadError
from .problems import problem as problem
from .requests import request_id as request_id
from .responses import list_response as list_response
from .responses import private as private
