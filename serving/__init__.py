"""Online: answers over HTTP from the current bundle."""
