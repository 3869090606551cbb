"""Splits, metrics, baselines, comparisons and the quality gate."""
