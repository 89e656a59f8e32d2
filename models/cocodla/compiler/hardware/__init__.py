"""From integer layers to register programs: tiles, buffer banks, addresses, register words, the order of writes."""
