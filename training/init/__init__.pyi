from .configuration import propose as propose
from .configuration import render as render
from .finding import Finding as Finding
from .finding import Proposal as Proposal
