"""Files that make viewers show a dump as its interfaces: rows -> gtkwave, surfer; beside joins all."""
