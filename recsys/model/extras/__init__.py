"""Parts that a model may have or lack: groups, a map, directions, tags, anomalies."""
