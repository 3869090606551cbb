"""Online: answers over HTTP from the newest bundle."""
