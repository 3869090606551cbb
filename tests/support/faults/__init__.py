"""What fault tests share: stores to damage, processes to kill, servers under load."""
