from .pages import PAGE_SCOPES as PAGE_SCOPES
from .pages import blueprint as blueprint
