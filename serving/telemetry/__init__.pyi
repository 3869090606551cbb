from .metrics import Metrics as Metrics
