from .configuration import Finding as Finding
from .configuration import Proposal as Proposal
from .configuration import propose as propose
from .configuration import render as render
