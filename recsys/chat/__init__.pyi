from .parser import understand as understand
from .preferences import Message as Message
from .preferences import Understood as Understood
from .recommend import Reply as Reply
from .recommend import converse as converse
