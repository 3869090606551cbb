from .admission import OverloadError as OverloadError
from .problems import problem as problem
from .requests import request_id as request_id
from .responses import personal as personal
from .responses import plain as plain
