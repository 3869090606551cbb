from .data import ReportData as ReportData
